// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"slices"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/modes"
	"github.com/ulvs/ulvs/sched"
)

// change writes a command into the ledger, and notes what is to be done on the
// data path when it is published. What is refused, and in which order it is
// looked at, is do_ip_vs_set_ctl's of the kernel.
func (e *Engine) change(c ulvs.Command) error {
	if c.Verb == ulvs.Flush {
		for len(e.book.services) > 0 {
			e.removeService(&e.book.services[0])
		}
		return nil
	}
	s := e.book.find(c.Service.ID)
	if c.Verb == ulvs.AddService {
		return e.addService(s, c.Service)
	}
	if c.Verb == ulvs.Zero && c.Service.ID == (ulvs.ID{}) {
		e.later(e.w.zeroAll)
		return nil
	}
	if s == nil {
		return fmt.Errorf("%s %v %v: %w", c.Verb, c.Service.Proto, c.Service.Addr, ulvs.ErrNoService)
	}
	switch c.Verb {
	case ulvs.EditService:
		return e.editService(s, c.Service)
	case ulvs.DeleteService:
		e.removeService(s)
		return nil
	case ulvs.Zero:
		service, dests := s.service, s.dests
		e.later(func() { e.w.zero(service, dests) })
		return nil
	}
	return e.changeServer(s, c)
}

// later notes what the worker does when the change is published, in order with
// all else: the scheduler's hooks run in the order of the commands.
func (e *Engine) later(f func()) { e.pending = append(e.pending, f) }

// changeServer carries out the commands about one real server.
func (e *Engine) changeServer(s *entry, c ulvs.Command) error {
	d := s.find(c.Server.Addr)
	var err error
	switch c.Verb {
	case ulvs.AddServer:
		err = e.addServer(s, d, c.Server)
	case ulvs.EditServer:
		err = e.editServer(s, d, c.Server)
	case ulvs.DeleteServer:
		err = e.deleteServer(s, d)
	default:
		err = fmt.Errorf("unknown verb: %w", ulvs.ErrInvalid)
	}
	if err != nil {
		return fmt.Errorf("%s %v of %v %v: %w", c.Verb, c.Server.Addr, c.Service.Proto, c.Service.Addr, err)
	}
	return nil
}

func (e *Engine) scheduler(name string) (sched.Scheduler, error) {
	s, err := sched.New(name, sched.Env{Rand: e.cfg.Rand})
	if err != nil {
		return nil, fmt.Errorf("scheduler %q: %w", name, ulvs.ErrNoScheduler)
	}
	return s, nil
}

func (e *Engine) addService(old *entry, want ulvs.Service) error {
	if old != nil {
		return fmt.Errorf("add %v %v: %w", want.Proto, want.Addr, ulvs.ErrServiceExists)
	}
	if want.Proto != ulvs.TCP && want.Proto != ulvs.UDP || want.Addr.Port() == 0 {
		return fmt.Errorf("add %v %v: %w", want.Proto, want.Addr, ulvs.ErrNotYetSupported)
	}
	if want.Addr.Addr().Is4In6() {
		return fmt.Errorf("add %v %v: an IPv4 address in IPv6's clothes: %w", want.Proto, want.Addr, ulvs.ErrInvalid)
	}
	chosen, err := e.scheduler(want.Scheduler)
	if err != nil {
		return err
	}
	s := &service{ID: want.ID, num: e.book.serviceNumber(), of: map[*sched.Server]*dest{}}
	e.book.services = append(e.book.services, entry{service: s, scheduler: want.Scheduler})
	e.later(func() {
		e.w.zero(s, nil) // the number may have been another's
		s.adopt(chosen)
	})
	return nil
}

// editService changes the scheduler; all that the old one remembered is lost,
// but with the same one nothing happens, as in the kernel.
func (e *Engine) editService(s *entry, want ulvs.Service) error {
	chosen, err := e.scheduler(want.Scheduler)
	if err != nil || s.scheduler == want.Scheduler {
		return err
	}
	s.scheduler = want.Scheduler
	service := s.service
	e.later(func() { service.adopt(chosen) })
	return nil
}

// removeService puts all servers into the trash. The scheduler is not told,
// as in the kernel: it goes with its service.
func (e *Engine) removeService(s *entry) {
	gone := s.service
	for _, d := range s.dests {
		e.discard(d)
	}
	e.book.freeSvc = append(e.book.freeSvc, gone.num)
	e.book.services = slices.DeleteFunc(e.book.services, func(x entry) bool { return x.service == gone })
}

func mode(name string) (uint8, error) {
	m, ok := modes.Index(name)
	if !ok {
		return 0, fmt.Errorf("mode %q: %w", name, ulvs.ErrNotYetSupported)
	}
	return m, nil
}
