// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"time"

	"github.com/ulvs/ulvs/neigh"
	"github.com/ulvs/ulvs/packet"
)

// A claim is a VIP of no interface that we have begun to hold. We ask whether
// somebody has it, and tell the subnet twice, a second apart, that it is ours
// (RFC 5227 §2). Who answers meanwhile, or later, is a rival: we do not answer
// for the address while he does, and status names him.
type claim struct {
	addr packet.Addr
	step uint8
	next time.Duration
}

const claimStep = time.Second

// press takes each claim a step further, if it is time.
func (w *worker) press() {
	kept := w.claims[:0]
	for _, c := range w.claims {
		if w.now >= c.next {
			w.proclaim(c.addr, c.step == 0)
			c.step++
			c.next = w.now + claimStep
		}
		if c.step < 3 && w.cfg.held[c.addr] {
			kept = append(kept, c)
		}
	}
	w.claims = kept
}

// proclaim asks for a VIP (a probe), or tells that it is ours (a gratuitous
// announcement), on each port whose subnet holds it.
func (w *worker) proclaim(a packet.Addr, probe bool) {
	for i := range w.cfg.ports {
		if !w.announces(uint8(i), a) {
			continue
		}
		p := w.out.Make()
		if p == nil {
			return
		}
		own, mac := a, w.cfg.ports[i].mac
		if probe {
			own = packet.Addr{}
		}
		switch {
		case a.Is4():
			packet.ARPRequest(p, mac, own, a)
		case probe:
			packet.NeighbourSolicit(p, mac, own, a)
		default:
			packet.UnsolicitedAdvert(p, mac, a)
		}
		p.Port = uint8(i)
		w.out.Send(p)
	}
}

// announces reports whether we answer for an address on a port: a VIP that
// nobody holds, in a subnet of that port's interface.
func (w *worker) announces(port uint8, a packet.Addr) bool {
	_, rival := w.rivals[a]
	return w.cfg.held[a] && !rival && w.cfg.host.OnLink(w.cfg.ports[port].index, a)
}

// watchRival takes note of somebody else who says that a VIP of ours is his.
func (w *worker) watchRival(k neigh.Key, mac packet.MAC) {
	if w.cfg.held[k.Hop] && mac != w.cfg.ports[k.Port].mac && len(w.rivals) < 256 {
		w.rivals[k.Hop] = mac
	}
}
