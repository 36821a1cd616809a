// SPDX-License-Identifier: Apache-2.0

package packet

// Generic UDP Encapsulation (draft-ietf-intarea-gue-09 §3.1), in a UDP datagram
// whose source port spreads flows over the paths and the receiver's queues:
//
//	0 version (2 bits), control (1), length of what follows / 4 (5)
//	1 protocol of the packet inside
//	2 flags: which of the optional fields follow. We send none.
const sizeGUE = 4

// gue writes the headers of a GUE packet. Without TunnelSum the datagram has no
// checksum, which IPv6 allows for tunnels alone (RFC 6935).
func (p *Packet) gue(t Tunnel, inner uint8, from uint16) {
	p.Flow.Src.Port, p.Flow.Dst.Port = from, t.Port
	b := p.Buf[p.L4:p.End]
	be.PutUint16(b, from)
	be.PutUint16(b[2:], t.Port)
	be.PutUint16(b[4:], uint16(len(b)))
	be.PutUint16(b[6:], 0)
	b[8], b[9], b[10], b[11] = 0, inner, 0, 0
	if t.sums() {
		p.FillUDP()
	}
}

// GUEPort is the source port of a flow's datagrams: always the same one between
// least and most, drawn by a keyed hash, which the kernel draws in its own way.
func (f *Flow) GUEPort(seed uint64, least, most uint16) uint16 {
	h := f.Src.Hash(f.Proto, seed) ^ f.Dst.Hash(f.Proto, seed^0x9e3779b97f4a7c15)
	span := uint64(max(most, least)-least) + 1
	return least + uint16((h>>32)*span>>32)
}
