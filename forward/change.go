// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/modes"
	"github.com/ulvs/ulvs/sched"
)

// change carries out a command on the control side; publish shows it to the
// data path. What is refused, and in which order it is looked at, is
// do_ip_vs_set_ctl's of the kernel.
func (e *Engine) change(c ulvs.Command) error {
	if c.Verb == ulvs.Flush {
		for len(e.services) > 0 {
			e.removeService(e.services[0])
		}
		return nil
	}
	s := e.find(c.Service.ID)
	if c.Verb == ulvs.AddService {
		return e.addService(s, c.Service)
	}
	if c.Verb == ulvs.Zero && c.Service.ID == (ulvs.ID{}) {
		e.zero(nil)
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
		e.zero(s)
		return nil
	}
	return e.changeServer(s, c)
}

// changeServer carries out the commands about one real server.
func (e *Engine) changeServer(s *service, c ulvs.Command) error {
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

func (e *Engine) find(id ulvs.ID) *service {
	for _, s := range e.services {
		if s.ID == id {
			return s
		}
	}
	return nil
}

func (s *service) find(a netip.AddrPort) *dest {
	for _, d := range s.dests {
		if d.Addr == a {
			return d
		}
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

func (e *Engine) addService(old *service, want ulvs.Service) error {
	if old != nil {
		return fmt.Errorf("add %v %v: %w", want.Proto, want.Addr, ulvs.ErrServiceExists)
	}
	if want.Proto != ulvs.TCP && want.Proto != ulvs.UDP || want.Addr.Port() == 0 {
		return fmt.Errorf("add %v %v: %w", want.Proto, want.Addr, ulvs.ErrNotYetSupported)
	}
	chosen, err := e.scheduler(want.Scheduler)
	if err != nil {
		return err
	}
	s := &service{ID: want.ID, num: e.serviceNumber(), scheduler: want.Scheduler, sched: chosen}
	s.tell(sched.Init, nil)
	e.services = append(e.services, s)
	return nil
}

// serviceNumber is a number for the counters, which start at zero.
func (e *Engine) serviceNumber() uint32 {
	n := e.numSvc
	if last := len(e.freeSvc) - 1; last >= 0 {
		n, e.freeSvc = e.freeSvc[last], e.freeSvc[:last]
	} else {
		e.numSvc++
	}
	e.ask(func() {
		if int(n) < len(e.w.services) {
			e.w.services[n] = traffic{}
		}
	})
	return n
}

// editService changes the scheduler; all that the old one remembered is lost,
// but with the same one nothing happens, as in the kernel.
func (e *Engine) editService(s *service, want ulvs.Service) error {
	chosen, err := e.scheduler(want.Scheduler)
	if err != nil {
		return err
	}
	if s.scheduler == want.Scheduler {
		return nil
	}
	s.mu.Lock()
	s.scheduler, s.sched = want.Scheduler, chosen
	s.mu.Unlock()
	s.tell(sched.Init, nil)
	return nil
}

func (e *Engine) removeService(s *service) {
	s.mu.Lock()
	gone := s.dests
	s.dests, s.servers, s.of = nil, nil, nil
	s.mu.Unlock()
	for _, d := range gone {
		e.discard(d)
	}
	e.services = slices.DeleteFunc(e.services, func(x *service) bool { return x == s })
	e.freeSvc = append(e.freeSvc, s.num)
}

// tell runs a hook of the scheduler, under the service's mutex.
func (s *service) tell(kind sched.ChangeKind, d *dest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.servers = s.servers[:0:0]
	s.of = make(map[*sched.Server]*dest, len(s.dests))
	for _, d := range s.dests {
		s.servers = append(s.servers, &d.Server)
		s.of[&d.Server] = d
	}
	change := sched.Change{Kind: kind}
	if d != nil {
		change.Server = &d.Server
	}
	s.sched.Update(s.servers, change)
}

func mode(name string) (uint8, error) {
	m, ok := modes.Index(name)
	if !ok {
		return 0, fmt.Errorf("mode %q: %w", name, ulvs.ErrNotYetSupported)
	}
	return m, nil
}
