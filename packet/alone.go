// SPDX-License-Identifier: Apache-2.0

package packet

// Alone makes p, which holds a copy of a UDP super-frame's headers and the
// payload of one of its datagrams, that datagram: with lengths, checksums and
// an IP identification of its own. i is its place among the others.
func (p *Packet) Alone(super *Packet, i int) {
	shift := p.Off - super.Off
	p.L3, p.L4, p.Type, p.Flow, p.Hop = super.L3+shift, super.L4+shift, super.Type, super.Flow, super.Hop
	ip := p.Buf[p.L3:p.L4]
	if p.Is4() {
		be.PutUint16(ip[2:], uint16(p.L3Len()))
		be.PutUint16(ip[4:], be.Uint16(ip[4:])+uint16(i))
		seal4(ip)
	} else {
		be.PutUint16(ip[4:], uint16(p.L3Len()-sizeIPv6))
	}
	udp := p.Buf[p.L4:p.End]
	be.PutUint16(udp[4:], uint16(len(udp)))
	be.PutUint16(udp[6:], 0)
	p.FillUDP()
}

// Sound reports whether the checksum of a transport header is right, as far as
// can be told: an unfinished one has not been on any wire and counts as right,
// as does one that a datagram left out, and that of a piece.
func (p *Packet) Sound() bool {
	switch p.Flow.Proto {
	case ProtoICMP:
		return p.Frag != Whole || p.ICMPGood()
	case ProtoSCTP:
		return p.Frag != Whole || goodSCTP(p.Buf[p.L4:p.End])
	}
	at, ok := p.checksum()
	if !ok || p.Offload.Partial || p.Frag != Whole || p.Flow.Proto == ProtoUDP && be.Uint16(p.Buf[at:]) == 0 {
		return true
	}
	return Sum(p.Buf[p.L4:p.End], p.pseudo(p.End-p.L4)) == 0xffff
}
