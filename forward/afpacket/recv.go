// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"encoding/binary"

	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

// Recv lends the frames that wait, as forward.Link says.
func (l *Link) Recv(batch []packet.Packet) (int, error) {
	l.ring.release()
	l.lane.used = 0
	n := 0
	for n < len(batch) {
		h := l.ring.ready()
		if h == nil || h.Status&unix.TP_STATUS_COPY != 0 && !l.lane.fits(int(h.Len)) {
			break
		}
		if l.lend(&batch[n], h, l.ring.take()) {
			n++
		}
	}
	if n == 0 {
		return 0, l.health()
	}
	return n, nil
}

// lend describes in p the frame of a slot. It reports false for a frame that
// is not whole, or that is none of ours.
func (l *Link) lend(p *packet.Packet, h *head, slot []byte) bool {
	buf, off := l.frame(h, slot)
	if buf == nil {
		l.lost++
		return false
	}
	if h.from.Pkttype > unix.PACKET_OTHERHOST {
		return false // the host's own frame on its way out, or coming back
	}
	*p = packet.Packet{Buf: buf, Off: off, End: off + int(h.Len), ToUs: h.from.Pkttype == unix.PACKET_HOST}
	p.Offload = readVirtio(buf[off-virtioLen:off], buf[off:p.End])
	if h.Status&unix.TP_STATUS_VLAN_VALID != 0 {
		tag(p, h)
	}
	if p.Offload.Kind != packet.GSONone && !p.Offload.Partial {
		p.Offload = settled(*p)
	}
	return true
}

// frame finds the whole frame: in its slot, or in the lane. Nil: it is lost.
func (l *Link) frame(h *head, slot []byte) (buf []byte, off int) {
	mac, end := int(h.Mac), int(h.Mac)+int(h.Snaplen)
	switch {
	case h.Snaplen == h.Len:
		return slot[slotHead:], mac - slotHead
	case h.Status&unix.TP_STATUS_COPY != 0:
		return l.lane.take(slot[mac-virtioLen:end], int(h.Len)), laneHead
	}
	return nil, 0
}

// tag says in which VLAN a frame is whose tag the kernel took off. VLAN means a
// tag of IEEE 802.1Q; any other goes back to where it was.
func tag(p *packet.Packet, h *head) {
	if h.Status&unix.TP_STATUS_VLAN_TPID_VALID == 0 || h.Vlan_tpid == unix.ETH_P_8021Q {
		p.VLAN = h.Vlan_tci & 0xfff
		return
	}
	copy(p.Buf[p.Off-tagLen:], p.Buf[p.Off:p.Off+macsLen])
	p.Off -= tagLen
	binary.BigEndian.PutUint16(p.Buf[p.Off+macsLen:], h.Vlan_tpid)
	binary.BigEndian.PutUint16(p.Buf[p.Off+macsLen+2:], h.Vlan_tci)
	p.Offload = shifted(p.Offload, tagLen)
}

// settled leaves the checksum of a super-frame to the device, as the kernel
// wants it back, though it handed it out with the first segment's checksum.
func settled(p packet.Packet) packet.Offload {
	if p.Parse() == packet.None {
		p.MakePartial()
	}
	return p.Offload
}
