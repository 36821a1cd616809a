// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"time"

	"github.com/ulvs/ulvs/neigh"
	"github.com/ulvs/ulvs/packet"
	"github.com/ulvs/ulvs/sched"
)

// adopt begins to go by a new config, between two batches: the counters get
// room for new numbers, and what was remembered of routes and neighbours is
// looked up again.
func (w *worker) adopt(cfg *config) {
	old := w.cfg
	w.cfg = cfg
	w.settings = sched.Settings{
		LBLCExpiration:  time.Duration(cfg.sysctls.lblcExpiration) * time.Second,
		LBLCRExpiration: time.Duration(cfg.sysctls.lblcrExpiration) * time.Second,
	}
	w.services = grow(w.services, cfg.numSvc)
	w.dests = grow(w.dests, len(cfg.dests))
	w.forgetLocals()
	if old.host != cfg.host {
		w.locals.Bar(cfg.host.Ephemeral())
		w.ways.forget()
		w.neigh.Refresh(w.now, w.hostNeighbour)
		w.asked = -neighTick // what waited for a neighbour may go with the next batch
	}
	if old.sysctls != cfg.sysctls {
		w.setLevels()
	}
	if w.sweeps { // once, however many servers were deleted; who is back by now keeps what he had
		w.sweep()
	}
	for a := range cfg.held {
		if !old.held[a] {
			w.claims = append(w.claims, claim{addr: a})
		}
	}
}

// hostNeighbour is what the host knows of a neighbour, and whether an
// administrator fixed it.
func (w *worker) hostNeighbour(k neigh.Key) (mac packet.MAC, fixed, ok bool) {
	index := w.cfg.ports[k.Port].index
	mac, ok = w.cfg.host.Neighbour(index, k.Hop)
	return mac, ok && w.cfg.host.Permanent(index, k.Hop), ok
}

// patience is how long the worker may sleep when nothing comes: while it waits
// for neighbours a moment, otherwise until counters and timers want a look.
func (w *worker) patience() time.Duration {
	switch {
	case w.behind:
		return 0
	case len(w.wait.queue) > 0 || len(w.claims) > 0:
		return neighTick
	}
	return time.Second
}
