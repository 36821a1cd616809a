// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
)

// A Queue lends packets that rules of the host's own have marked, as a Link
// lends frames: they come behind those rules, each with its mark and its port.
// The host waits for its word on each: what Pass did not name before the next
// Recv is ours. *nfqueue.Link is one.
type Queue interface {
	Recv([]packet.Packet) (int, error)
	Pass(i int)
	Fd() int
}

// Marking is where packets with the marks of services come from.
type Marking struct {
	Queue Queue // what lends them
	Guard Guard // what puts them there: *host.Marks
	// Aside are those of the tuples that a rule of the host's may mark.
	Aside func(marks []uint32, tuples []host.Tuple) ([]host.Tuple, error)
}

// takeQueued carries what waits in the queue. What is none of ours goes on its
// way through the host.
func (w *worker) takeQueued(now time.Duration) (busy bool) {
	if w.queue == nil {
		return false
	}
	n, err := w.queue.Recv(w.batch)
	if err != nil {
		w.unplug(w.queue.Fd())
		w.queue = nil
		w.log.Error("packets marked by the host's rules do not come any more", "err", err)
		return false
	}
	if n == 0 {
		return false
	}
	w.queued = true
	w.Step(w.batch[:n], now)
	w.queued = false
	w.flush()
	return true
}

// mine reports whether a packet is to be dealt with where it was met. While
// services go by marks of the host's rules, each packet comes by one way only:
// by its port if the guard keeps it from the host, by the queue if not.
func (w *worker) mine(p *packet.Packet) bool {
	return w.queued || w.queue == nil || len(w.cfg.guard.Marks) == 0 || w.cfg.taken.Takes(p)
}

// RulesChanged tells the engine that rules of the host have changed: others may
// set marks now.
func (e *Engine) RulesChanged() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cfg.Marking.Queue == nil || len(e.book.hostMarks()) == 0 {
		return nil
	}
	e.aside = aside{}
	return e.publish()
}

// hostMarks are the marks that services go by.
func (l *ledger) hostMarks() (marks []uint32) {
	for _, s := range l.services {
		if s.Mark != 0 {
			marks = append(marks, s.Mark)
		}
	}
	slices.Sort(marks)
	return slices.Compact(marks)
}

// An aside is what was found to be marked by the host's rules, and what had been
// asked.
type aside struct {
	marks         []uint32
	asked, tuples []host.Tuple
}

// standAside adds to what the guard is told which marks to look for, and what to
// leave to the queue.
func (e *Engine) standAside(g *host.GuardSet) {
	marks := e.book.hostMarks()
	if e.cfg.Marking.Queue == nil || len(marks) == 0 {
		return
	}
	ask := slices.Clone(g.Virtual)
	for _, a := range g.Held {
		ask = append(ask, host.Tuple{Addr: netip.AddrPortFrom(a, 0)})
	}
	if e.aside.marks == nil || !slices.Equal(e.aside.marks, marks) || !slices.Equal(e.aside.asked, ask) {
		tuples, err := e.cfg.Marking.Aside(marks, ask)
		if err != nil { // then nothing is queued, and only our own rules mark
			e.log.Warn("marks of the host's rules are not seen", "err", err)
			return
		}
		e.aside = aside{marks, ask, tuples}
	}
	g.Marks = marks
	all := tuples{}
	for t := range e.met {
		if !slices.ContainsFunc(g.Matches, func(m host.Match) bool { return m.Covers(t) }) {
			all[t] = true
		}
	}
	all.addAll(e.aside.tuples)
	g.Aside = all.sorted()
}

// tellMarks has what the host's rules mark put into the queue, if that is news.
func (e *Engine) tellMarks(want host.GuardSet, news bool) error {
	if e.cfg.Marking.Queue == nil || !news {
		return nil
	}
	if err := e.cfg.Marking.Guard.Set(want); err != nil {
		return fmt.Errorf("queue what the host's rules mark: %w", err)
	}
	return nil
}
