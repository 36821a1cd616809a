// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"time"

	"github.com/ulvs/ulvs/neigh"
	"github.com/ulvs/ulvs/packet"
)

// adopt begins to go by a new config: the counters get room for new numbers,
// and what was remembered of routes and neighbours is looked up again.
func (w *worker) adopt(cfg *config) {
	old := w.cfg
	w.cfg = cfg
	w.services = grow(w.services, cfg.numSvc)
	w.dests = grow(w.dests, len(cfg.dests))
	if old.host != cfg.host {
		w.ways.forget()
		w.neigh.Refresh(w.now, w.hostNeighbour)
	}
	for a := range cfg.held {
		if !old.held[a] {
			w.proclaim(a)
		}
	}
}

func grow(t []traffic, n int) []traffic {
	for len(t) < n {
		t = append(t, traffic{})
	}
	return t
}

// hostNeighbour is what the host knows of a neighbour, and whether an
// administrator fixed it.
func (w *worker) hostNeighbour(k neigh.Key) (mac packet.MAC, fixed, ok bool) {
	index := w.cfg.ports[k.Port].index
	mac, ok = w.cfg.host.Neighbour(index, k.Hop)
	return mac, ok && w.cfg.host.Permanent(index, k.Hop), ok
}

// proclaim tells a VIP's subnet that we hold it from now on, so that the
// caches of its neighbours turn to us (gratuitous ARP, RFC 5227 §3).
func (w *worker) proclaim(a packet.Addr) {
	for i := range w.cfg.ports {
		if !w.announces(uint8(i), a) {
			continue
		}
		p := w.out.Make()
		if p == nil {
			return
		}
		if a.Is4() {
			packet.ARPRequest(p, w.cfg.ports[i].mac, a, a)
		} else {
			packet.UnsolicitedAdvert(p, w.cfg.ports[i].mac, a)
		}
		p.Port = uint8(i)
		w.out.Send(p)
	}
}

// patience is how long the worker may sleep when nothing comes: while it waits
// for neighbours a moment, otherwise until counters and timers want a look.
func (w *worker) patience() time.Duration {
	if w.wait.count > 0 {
		return neighTick
	}
	return time.Second
}
