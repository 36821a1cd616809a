// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"maps"
	"time"

	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
)

// What a mark has brought to a service comes by the queue as long as it bears
// the mark. The kernel's IPVS sees the packets of a connection without it too:
// a rule may be gone by then. So where a connection was opened, all that is
// addressed there is queued, until such connections are no more.

// maxMet bounds the tuples that are remembered.
const maxMet = 4096

// shrink is how often it is looked which of them are still in use.
const shrink = 5 * time.Minute

// meet notes where a marked packet opened a connection.
func (w *worker) meet(f *packet.Flow) {
	if !w.queued || !w.cfg.host.Local(f.Dst.Addr) && !w.cfg.held[f.Dst.Addr] {
		return
	}
	t := host.Tuple{Proto: f.Proto, Addr: f.Dst.AddrPort()}
	if w.met[t] || len(w.met) >= maxMet {
		return
	}
	w.met[t] = true
	select {
	case w.news <- struct{}{}:
	default: // it is known already that there are some
	}
}

// News tells that Tick has something to do at once.
func (e *Engine) News() <-chan struct{} { return e.w.news }

// review takes over what the worker has met, and now and then forgets what is
// no longer in use. It reports whether anything is different.
func (e *Engine) review(now time.Duration) bool {
	if e.cfg.Marking.Queue == nil {
		return false
	}
	var met tuples
	lost := false
	e.ask(func() {
		lost = e.w.queue == nil
		if now >= e.reviewed+shrink {
			e.reviewed = now
			e.w.forgetMet()
		}
		met = maps.Clone(e.w.met)
	})
	if lost { // nothing may go where nobody reads
		guard := e.cfg.Marking.Guard
		e.cfg.Marking = Marking{}
		if err := guard.Set(host.GuardSet{}); err != nil {
			e.log.Error("what the host's rules mark is queued for nobody", "err", err)
		}
		return true
	}
	if maps.Equal(met, e.met) {
		return false
	}
	e.met = met
	return true
}

// forgetMet keeps what connections of services of marks are still for.
func (w *worker) forgetMet() {
	kept := tuples{}
	for c := range w.table.All() {
		t := host.Tuple{Proto: c.Proto, Addr: c.Virtual.AddrPort()}
		if w.met[t] && w.cfg.dest(c.Owner).id.Mark != 0 {
			kept[t] = true
		}
	}
	w.met = kept
}
