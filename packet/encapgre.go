// SPDX-License-Identifier: Apache-2.0

package packet

// Generic Routing Encapsulation (RFC 2784 §2.1), neither with a key nor with a
// sequence number:
//
//	0 flags (a checksum follows: 0x8000) and version   2 EtherType of the packet inside
//	4 checksum of header and packet   6 reserved       only if there is one
const (
	sizeGRE    = 4
	sizeGRESum = 4
	greSummed  = 0x8000
)

// gre writes the header of a GRE packet.
func (p *Packet) gre(t Tunnel, kind uint16) {
	b := p.Buf[p.L4:p.End]
	be.PutUint16(b, 0)
	be.PutUint16(b[2:], kind)
	if t.sums() {
		be.PutUint16(b, greSummed)
		be.PutUint32(b[4:], 0)
		be.PutUint16(b[4:], ^uint16(Sum(b, 0)))
	}
}
