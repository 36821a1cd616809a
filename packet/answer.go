// SPDX-License-Identifier: Apache-2.0

package packet

// Packets that answer packets. Each maker writes into memory that its caller
// gives: dst.Off is set and dst.Buf is long enough for MaxFrame; the maker sets
// what Parse would find, and End. Link-level addresses are left to whoever
// knows the next hop.

// hops is the TTL that Linux gives packets of its own.
const hops = 64

// MayAnswer reports whether anybody may be told about p's fate: never for
// errors (RFC 1122 §3.2.2, RFC 4443 §2.4e), for later fragments, for what was
// sent to a group on any layer, or has no single sender.
func MayAnswer(p *Packet) bool {
	return p.ToUs && p.Frag != Later && !p.IsError() &&
		p.Flow.Src.Addr.single() && p.Flow.Dst.Addr.single()
}

// single reports whether a is one host's address: neither a group's, nor the
// unspecified one, nor everybody's.
func (a *Addr) single() bool {
	n := a.Netip()
	return n.IsValid() && !n.IsUnspecified() && !n.IsMulticast() && *a != broadcast4
}

var broadcast4 = addr4([]byte{255, 255, 255, 255})

// begin starts a packet from one address to another, with n bytes behind the
// IP header, which are returned and are not cleared.
func (p *Packet) begin(from, to *Addr, proto uint8, n int) []byte {
	p.L3 = p.Off + sizeEthernet
	p.Flow = Flow{Endpoint{Addr: *from}, Endpoint{Addr: *to}, proto}
	p.Hop, p.Frag, p.ID, p.Flags, p.Chunk = *to, Whole, 0, 0, NoChunk
	p.Offload = Offload{}
	if to.Is4() {
		p.begin4(n)
	} else {
		p.begin6(n)
	}
	be.PutUint16(p.Buf[p.Off+12:], p.Type)
	p.End = p.L4 + n
	return p.Buf[p.L4:p.End]
}

func (p *Packet) begin4(n int) {
	p.Type, p.L4 = TypeIPv4, p.L3+sizeIPv4
	h := p.Buf[p.L3:p.L4]
	clear(h)
	h[0], h[8], h[9] = 0x45, hops, p.Flow.Proto
	be.PutUint16(h[2:], uint16(sizeIPv4+n))
	copy(h[12:], p.Flow.Src.Addr[12:])
	copy(h[16:], p.Flow.Dst.Addr[12:])
}

func (p *Packet) begin6(n int) {
	p.Type, p.L4 = TypeIPv6, p.L3+sizeIPv6
	h := p.Buf[p.L3:p.L4]
	clear(h)
	h[0], h[6], h[7] = 0x60, p.Flow.Proto, hops
	be.PutUint16(h[4:], uint16(n))
	copy(h[8:], p.Flow.Src.Addr[:])
	copy(h[24:], p.Flow.Dst.Addr[:])
}

// setTOS sets IPv4's type of service, or IPv6's traffic class.
func (p *Packet) setTOS(tos uint8) {
	if p.Is4() {
		p.Buf[p.L3+1] = tos
		return
	}
	p.Buf[p.L3] = 0x60 | tos>>4
	p.Buf[p.L3+1] = p.Buf[p.L3+1]&0xf | tos<<4
}

// seal writes the checksums of a packet that is complete but for them.
func (p *Packet) seal() {
	if p.Is4() {
		seal4(p.Buf[p.L3:p.L4])
	}
	b := p.Buf[p.L4:p.End]
	at, ok := p.checksum()
	switch {
	case p.Flow.Proto == ProtoSCTP:
		sealSCTP(b)
	case p.Flow.Proto == ProtoICMP:
		be.PutUint16(b[2:], 0)
		be.PutUint16(b[2:], ^uint16(Sum(b, 0)))
	case ok:
		be.PutUint16(p.Buf[at:], 0)
		be.PutUint16(p.Buf[at:], finished(p.Flow.Proto, Sum(b, p.pseudo(len(b)))))
	}
}
