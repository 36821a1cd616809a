// SPDX-License-Identifier: Apache-2.0

package packet

// The UDP header (RFC 768):
//
//	0 source port   2 destination port   4 length of header and data   6 checksum

// udp reads the header of a datagram. Its length may be less than what the IP
// packet holds, never more; the first fragment holds a part of it only, and a
// super-frame's length is the kernel's affair.
func (p *Packet) udp(b []byte) Drop {
	if len(b) < sizeUDP {
		return Truncated
	}
	p.Flow.ports(b)
	n := int(be.Uint16(b[4:]))
	if p.Offload.Kind == GSONone && (n < sizeUDP || p.Frag == Whole && n > len(b)) {
		return BadLength
	}
	return None
}

// FillUDP gives a datagram that came without a checksum a full one, as the
// kernel's IPVS does on the way through nat. Zero means "none" (RFC 768), so
// a sum of zero is written 0xffff. Unfinished checksums, fragments and
// super-frames are left alone.
func (p *Packet) FillUDP() {
	if p.Flow.Proto != ProtoUDP || p.Frag != Whole || p.Offload.Kind != GSONone || p.partial() {
		return
	}
	b := p.Buf[p.L4:p.End]
	if be.Uint16(b[6:]) != 0 {
		return
	}
	b = b[:be.Uint16(b[4:])]
	be.PutUint16(b[6:], finished(ProtoUDP, Sum(b, p.pseudo(len(b)))))
}
