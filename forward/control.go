// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/modes"
)

var _ ulvs.Director = (*Engine)(nil)

// Do carries out one command.
func (e *Engine) Do(ctx context.Context, c ulvs.Command) error {
	one := func(yield func(ulvs.Command) bool) { yield(c) }
	return e.Apply(ctx, one, func(_ int, err error) error { return err })
}

// Apply carries out many, which the data path sees at once. If they cannot be
// shown to it, none of them was carried out.
func (e *Engine) Apply(_ context.Context, lines iter.Seq[ulvs.Command], report func(int, error) error) error {
	commands := slices.Collect(lines) // first: who sends them may be slow
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.book.copy()
	var stop error
	for i, c := range commands {
		if stop = report(i+1, e.change(c)); stop != nil {
			break
		}
	}
	if err := e.publish(); err != nil {
		e.book, e.pending = before, nil
		return err
	}
	return stop
}

// Info tells whom one talks to: the version of IPVS that ulvs speaks like, and
// the size of the kernel's table, which is what ipvsadm's first line shows.
func (e *Engine) Info(context.Context) (ulvs.Info, error) {
	info := ulvs.Info{Version: [3]int{1, 2, 1}, Size: 4096}
	e.ask(func() {
		t := e.w.table.Timeouts()
		seconds := func(s conntrack.State) int { return int(t[s] / time.Second) }
		info.Timeouts = ulvs.Timeouts{
			TCP: seconds(conntrack.Established), TCPFin: seconds(conntrack.FinWait), UDP: seconds(conntrack.UDP),
		}
	})
	return info, nil
}

// List streams the services, in the order they were added.
func (e *Engine) List(_ context.Context, q ulvs.Query) iter.Seq2[ulvs.ServiceStatus, error] {
	return func(yield func(ulvs.ServiceStatus, error) bool) {
		rows, err := e.rows(q)
		if err != nil {
			yield(ulvs.ServiceStatus{}, err)
			return
		}
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (e *Engine) rows(q ulvs.Query) ([]ulvs.ServiceStatus, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if q.ID != (ulvs.ID{}) && e.book.find(q.ID) == nil {
		return nil, fmt.Errorf("list %v: %w", q.ID, ulvs.ErrNoService)
	}
	var rows []ulvs.ServiceStatus
	e.ask(func() {
		e.w.expire(e.cfg.Now())
		for i := range e.book.services {
			if s := &e.book.services[i]; q.ID == (ulvs.ID{}) || q.ID == s.ID {
				rows = append(rows, e.w.row(s))
			}
		}
	})
	return rows, nil
}

// row is a service as it is observed.
func (w *worker) row(s *entry) ulvs.ServiceStatus {
	r := ulvs.ServiceStatus{
		Service: s.want,
		Stats:   w.services[s.num].traffic,
		Rates:   w.services[s.num].rate.rates(),
	}
	for _, d := range s.dests {
		r.Servers = append(r.Servers, ulvs.ServerStatus{
			Server: ulvs.Server{
				Addr: d.Addr, Mode: modes.All[d.mode].Name, Weight: d.Weight, Upper: d.Upper(), Lower: d.Lower(),
				Tunnel: told(d.tunnel),
			},
			Active:     d.Active(),
			Inactive:   d.Inactive(),
			Persistent: d.Templates(),
			Stats:      w.dests[d.num].traffic,
			Rates:      w.dests[d.num].rate.rates(),
		})
	}
	return r
}
