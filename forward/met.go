// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"maps"
	"time"

	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/host"
)

// What a mark has brought to a service comes by the queue as long as it bears
// the mark. The kernel's IPVS sees the packets of a connection without it too:
// a rule may be gone by then. So where services of marks have connections, all
// that is addressed there is queued, unless a rule of ours takes it before.

// maxMet bounds the tuples that are remembered.
const maxMet = 4096

// A met is how many connections of services of marks there are to each end of
// ours. An end that has none any more stays until the next review: the next
// client is often not far.
type met map[host.Tuple]int

// reviewRound is how often ends without connections are forgotten.
const reviewRound = 10 * time.Second

func metOf(c *conntrack.Conn) host.Tuple {
	return host.Tuple{Proto: c.Proto, Addr: c.Virtual.AddrPort()}
}

// meet notes a connection that a mark has opened.
func (w *worker) meet(c *conntrack.Conn) {
	if w.queue == nil || c == &w.one || !w.cfg.host.Local(c.Virtual.Addr) && !w.cfg.held[c.Virtual.Addr] {
		return
	}
	t := metOf(c)
	n, known := w.met[t]
	if !known && len(w.met) >= maxMet {
		return
	}
	w.met[t] = n + 1
	if known {
		return
	}
	w.announce()
}

// announce has Tick called.
func (w *worker) announce() {
	select {
	case w.news <- struct{}{}:
	default: // that is known already
	}
}

// unmeet notes that such a connection is no more.
func (w *worker) unmeet(c *conntrack.Conn) {
	if t := metOf(c); w.met[t] > 0 {
		w.met[t]--
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
	ends := tuples{}
	lost := false
	e.ask(func() {
		lost = e.w.queue == nil
		if now >= e.reviewed+reviewRound {
			e.reviewed = now
			maps.DeleteFunc(e.w.met, func(_ host.Tuple, n int) bool { return n == 0 })
		}
		for t := range e.w.met {
			ends[t] = true
		}
	})
	if lost { // nothing may go where nobody reads
		guard := e.cfg.Marking.Guard
		e.cfg.Marking = Marking{}
		if err := guard.Set(host.GuardSet{}); err != nil {
			e.log.Error("what the host's rules mark is queued for nobody", "err", err)
		}
		return true
	}
	if maps.Equal(ends, e.met) {
		return false
	}
	e.met = ends
	return true
}

// Marked are the ends that marks, ours or the host's, bring connections to: what
// a filter rule about services would have to match.
func (e *Engine) Marked() []host.Tuple {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := tuples{}
	e.ask(func() {
		for t := range e.w.met {
			all[t] = true
		}
	})
	for _, r := range e.book.marks {
		if e.book.goesBy(r) && r.Dst.IsSingleIP() {
			all.addMark(r)
		}
	}
	return all.sorted()
}
