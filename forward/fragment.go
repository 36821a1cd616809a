// SPDX-License-Identifier: Apache-2.0

package forward

import "github.com/ulvs/ulvs/packet"

// fragment sees to it that a later fragment knows its datagram's ports.
func (w *worker) fragment(p *packet.Packet) packet.Drop {
	switch p.Frag {
	case packet.First:
		w.frags.Remember(p, w.now)
	case packet.Later:
		if w.frags.Recall(p, w.now) {
			return packet.None
		}
		if w.cfg.taken.Takes(p) {
			return packet.FragmentLost
		}
		return packet.NotOurs
	}
	return packet.None
}
