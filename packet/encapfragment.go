// SPDX-License-Identifier: Apache-2.0

package packet

// Fragment6 makes p piece number i, from 0, of an outer IPv6 packet that is
// longer than the MTU, in p's own memory, of which Buf and Off are given. It
// reports whether there is such a piece, and room for it. id is the same for
// all pieces, and another for each packet.
//
// In IPv6 only the sender of a packet may cut it up; that of an outer packet is
// the director. The fragment header (RFC 8200 §4.5) comes before all else:
//
//	0 next header   1 reserved   2 offset / 8 (13 bits), more follow (1)   4 identification
func (p *Packet) Fragment6(whole *Packet, mtu, i int, id uint32) bool {
	header := whole.L3 + sizeIPv6
	step := (mtu - sizeIPv6 - sizeFragment) &^ 7
	from := header + i*step
	if i < 0 || step < 8 || from >= whole.End {
		return false
	}
	to := min(from+step, whole.End)
	if p.Off+header-whole.Off+sizeFragment+to-from > len(p.Buf) {
		return false
	}
	p.copyHeaders(whole, header)
	p.L4 = p.End + sizeFragment
	p.Frag, p.ID = Later, id
	if i == 0 {
		p.Frag = First
	}
	v := p.Buf[p.End:p.L4]
	be.PutUint16(v, uint16(p.Buf[p.L3+6])<<8)
	be.PutUint16(v[2:], uint16(from-header))
	if to < whole.End {
		v[3] |= 1
	}
	be.PutUint32(v[4:], id)
	p.Buf[p.L3+6] = extFragment
	p.End = p.L4 + copy(p.Buf[p.L4:], whole.Buf[from:to])
	be.PutUint16(p.Buf[p.L3+4:], uint16(p.L3Len()-sizeIPv6))
	return true
}
