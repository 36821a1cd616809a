// SPDX-License-Identifier: Apache-2.0

package packet

// An Error is what an ICMP error says, in either family.
type Error uint8

// The errors that a director has reasons for.
const (
	PortUnreachable Error = iota // nobody serves that port
	HostUnreachable              // the next hop does not answer
	NetUnreachable               // no route
	TimeExceeded                 // TTL or hop limit used up
	TooLong                      // longer than the MTU: fragmentation needed, packet too big
	numErrors
)

// What each error is called on the wire: type and code, for IPv4 and IPv6.
var errorCodes = [numErrors]struct{ v4, v6 [2]uint8 }{
	PortUnreachable: {[2]uint8{unreachable4, 3}, [2]uint8{unreachable6, 4}},
	HostUnreachable: {[2]uint8{unreachable4, 1}, [2]uint8{unreachable6, 3}},
	NetUnreachable:  {[2]uint8{unreachable4, 0}, [2]uint8{unreachable6, 0}},
	TimeExceeded:    {[2]uint8{timeExceeded4, 0}, [2]uint8{timeExceeded6, 0}},
	TooLong:         {[2]uint8{unreachable4, 4}, [2]uint8{tooBig6, 0}},
}

// How much an error may quote, so that it is at most 576 bytes long (RFC 1812
// §4.3.2.3), or 1280 (RFC 4443 §2.4c).
const (
	quote4 = 576 - sizeIPv4 - sizeICMP
	quote6 = 1280 - sizeIPv6 - sizeICMP
)

// internetControl is the precedence of errors, which Linux sets beside the type
// of service of the packet they are about (RFC 1812 §4.3.2.5).
const (
	internetControl = 0xc0
	serviceBits     = 0x1e
)

// ICMPError writes into dst the error e about a packet, to its sender, as Linux
// builds it; see MayAnswer for when. mtu is said by TooLong only, in bytes. An
// unfinished checksum of the packet is quoted as it is.
func ICMPError(dst, about *Packet, from Addr, e Error, mtu int) {
	proto, code, room := uint8(ProtoICMPv6), errorCodes[e].v6, quote6
	if about.Is4() {
		proto, code, room = ProtoICMP, errorCodes[e].v4, quote4
	}
	quoted := about.Buf[about.L3:about.End]
	quoted = quoted[:min(len(quoted), room)]
	b := dst.begin(&from, &about.Flow.Src.Addr, proto, sizeICMP+len(quoted))
	clear(b[:sizeICMP])
	copy(b, code[:])
	if e == TooLong {
		be.PutUint32(b[4:], uint32(min(mtu, 0xffff))) // IPv4 has room for 16 bits
	}
	copy(b[sizeICMP:], quoted)
	if about.Is4() {
		dst.setTOS(about.TOS()&serviceBits | internetControl)
		copy(dst.Buf[dst.L3+4:], quoted[4:6]) // the sender's own identification
	}
	dst.seal()
}
