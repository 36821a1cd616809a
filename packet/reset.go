// SPDX-License-Identifier: Apache-2.0

package packet

// ecnBits of the type of service are not for answers like these.
const ecnBits = 3

// TCPReset writes into dst the answer of a host to a segment of a connection
// that it does not have (RFC 9293 §3.10.7.1):
//
//   - if the ACK bit is on,  <SEQ=SEG.ACK><CTL=RST>
//   - if the ACK bit is off, <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
//
// The segment must not be a reset itself.
func TCPReset(dst, about *Packet) {
	to := about.Flow.Reverse()
	b := dst.begin(&to.Src.Addr, &to.Dst.Addr, ProtoTCP, sizeTCP)
	clear(b)
	be.PutUint16(b[0:], to.Src.Port)
	be.PutUint16(b[2:], to.Dst.Port)
	segment := about.Buf[about.L4:about.End]
	dst.Flags = RST
	if about.Flags&ACK != 0 {
		copy(b[4:8], segment[8:12])
	} else {
		dst.Flags |= ACK
		be.PutUint32(b[8:], be.Uint32(segment[4:])+segmentLen(segment))
	}
	b[12], b[13] = sizeTCP/4<<4, uint8(dst.Flags)
	dst.Flow = to
	dst.setTOS(about.TOS() &^ ecnBits)
	if dst.Is4() {
		be.PutUint16(dst.Buf[dst.L3+6:], dontFragment) // Linux: and with it, no identification
	}
	dst.seal()
}

// segmentLen is SEG.LEN of RFC 9293 §3.4: the data, and one for each of SYN and FIN.
func segmentLen(b []byte) uint32 {
	n := uint32(len(b) - sizeOfTCP(b))
	for _, f := range []TCPFlags{SYN, FIN} {
		if TCPFlags(b[13])&f != 0 {
			n++
		}
	}
	return n
}

// EchoReply writes into dst the answer to a ping (RFC 792, RFC 4443 §4.2). See
// IsEcho.
func EchoReply(dst, about *Packet) {
	request := about.Buf[about.L4:about.End]
	kind := uint8(echoReply6)
	if about.Is4() {
		kind = echoReply4
	}
	b := dst.begin(&about.Flow.Dst.Addr, &about.Flow.Src.Addr, about.Flow.Proto, len(request))
	copy(b, request)
	b[0] = kind
	dst.setTOS(about.TOS())
	if about.Is4() {
		copy(dst.Buf[dst.L3+4:dst.L3+6], about.Buf[about.L3+4:])
	}
	dst.seal()
}
