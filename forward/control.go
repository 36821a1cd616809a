// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"fmt"
	"iter"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/modes"
)

var _ ulvs.Director = (*Engine)(nil)

// Do carries out one command.
func (e *Engine) Do(_ context.Context, c ulvs.Command) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err := e.change(c); err != nil {
		return err
	}
	return e.publish()
}

// Apply carries out many, which the data path sees at once.
func (e *Engine) Apply(_ context.Context, lines iter.Seq[ulvs.Command], report func(int, error) error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	line := 0
	for c := range lines {
		line++
		if err := report(line, e.change(c)); err != nil {
			return firstOf(err, e.publish())
		}
	}
	return e.publish()
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// Info tells whom one talks to: the version of IPVS that ulvs speaks like, and
// the size of the kernel's table, which is what ipvsadm's first line shows.
func (e *Engine) Info(context.Context) (ulvs.Info, error) {
	return ulvs.Info{Version: [3]int{1, 2, 1}, Size: 4096}, nil
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
	if q.ID != (ulvs.ID{}) && e.find(q.ID) == nil {
		return nil, fmt.Errorf("list %v %v: %w", q.ID.Proto, q.ID.Addr, ulvs.ErrNoService)
	}
	var rows []ulvs.ServiceStatus
	e.ask(func() {
		for _, s := range e.services {
			if q.ID == (ulvs.ID{}) || q.ID == s.ID {
				rows = append(rows, e.row(s))
			}
		}
	})
	return rows, nil
}

// row is a service as it is observed; the worker stands still meanwhile.
func (e *Engine) row(s *service) ulvs.ServiceStatus {
	r := ulvs.ServiceStatus{
		Service: ulvs.Service{ID: s.ID, Scheduler: s.scheduler},
		Stats:   at(e.w.services, s.num),
	}
	for _, d := range s.dests {
		r.Servers = append(r.Servers, ulvs.ServerStatus{
			Server:   ulvs.Server{Addr: d.Addr, Mode: modes.All[d.mode].Name, Weight: d.Weight},
			Active:   d.Active(),
			Inactive: d.Inactive(),
			Stats:    at(e.w.dests, d.num),
		})
	}
	return r
}

// at is a counter that the worker may not have made room for yet.
func at(t []traffic, n uint32) traffic {
	if int(n) < len(t) {
		return t[n]
	}
	return traffic{}
}

// zero sets counters back: of a service and its servers, or all.
func (e *Engine) zero(s *service) {
	e.ask(func() {
		if s == nil {
			clear(e.w.services)
			clear(e.w.dests)
			e.w.total = traffic{}
			return
		}
		if int(s.num) < len(e.w.services) {
			e.w.services[s.num] = traffic{}
		}
		for _, d := range s.dests {
			if int(d.num) < len(e.w.dests) {
				e.w.dests[d.num] = traffic{}
			}
		}
	})
}
