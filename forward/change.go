// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/packet"
	"github.com/ulvs/ulvs/sched"
)

// change writes a command into the ledger, and notes what is to be done on the
// data path when it is published. What is refused, and in which order it is
// looked at, is do_ip_vs_set_ctl's of the kernel.
func (e *Engine) change(c ulvs.Command) error {
	switch c.Verb {
	case ulvs.Flush:
		for len(e.book.services) > 0 {
			e.removeService(&e.book.services[0])
		}
		return nil
	case ulvs.SetTimeouts:
		return e.setTimeouts(c.Timeouts)
	case ulvs.SetSysctl:
		return e.setSysctl(c.Sysctl)
	case ulvs.AddMark, ulvs.InsertMark, ulvs.DeleteMark, ulvs.FlushMarks:
		return e.changeMarks(c)
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
		return fmt.Errorf("%s %v: %w", c.Verb, c.Service.ID, ulvs.ErrNoService)
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
		return fmt.Errorf("%s %v of %v: %w", c.Verb, c.Server.Addr, c.Service.ID, err)
	}
	return nil
}

func (e *Engine) scheduler(name string) (sched.Scheduler, error) {
	if name == "none" {
		return nil, nil // the kernel's word for a service that never finds a server
	}
	s, err := sched.New(name, sched.Env{Rand: e.cfg.Rand, Settings: &e.w.settings})
	if err != nil {
		return nil, fmt.Errorf("scheduler %q: %w", name, ulvs.ErrNoScheduler)
	}
	return s, nil
}

func (e *Engine) addService(old *entry, want ulvs.Service) error {
	if old != nil {
		return fmt.Errorf("add %v: %w", want.ID, ulvs.ErrServiceExists)
	}
	if err := soundID(want.ID); err != nil {
		return fmt.Errorf("add %v: %w", want.ID, err)
	}
	chosen, err := e.scheduler(want.Scheduler)
	if err != nil {
		return err
	}
	h, err := howOf(want)
	if err != nil {
		return fmt.Errorf("add %v: %w", want.ID, err)
	}
	s := &service{ID: want.ID, num: e.book.serviceNumber(), how: h, of: map[*sched.Server]*dest{}}
	e.book.services = append(e.book.services, entry{service: s, want: want, locals: h.locals})
	e.later(func() {
		e.w.zero(s, nil) // the number may have been another's
		s.adopt(chosen)
	})
	return nil
}

// soundID looks whether there can be such a service.
func soundID(id ulvs.ID) error {
	switch {
	case id.Addr.Addr().Is4In6():
		return fmt.Errorf("an IPv4 address in IPv6's clothes: %w", ulvs.ErrInvalid)
	case id.Mark != 0 && (id.Proto != 0 || !id.Addr.Addr().IsUnspecified() || id.Addr.Port() != 0):
		return fmt.Errorf("a mark and an address: %w", ulvs.ErrInvalid)
	case id.Mark == 0 && id.Proto != ulvs.TCP && id.Proto != ulvs.UDP && id.Proto != ulvs.SCTP:
		return fmt.Errorf("neither TCP nor UDP nor SCTP: %w", ulvs.ErrInvalid)
	}
	return nil
}

// howOf is a service as it was asked for, without its name and scheduler.
func howOf(want ulvs.Service) (h how, err error) {
	is4 := want.Addr.Addr().Is4()
	switch {
	case want.Engine != "" && want.Engine != "sip":
		return h, fmt.Errorf("engine %q: there is sip: %w", want.Engine, ulvs.ErrNoEngine)
	case want.Persist < 0 || want.Persist > maxPersist:
		return h, fmt.Errorf("persist %d s: %w", want.Persist, ulvs.ErrRange)
	case want.Mask.IsValid() && want.Mask.Is4() != is4:
		return h, fmt.Errorf("mask %v: %w", want.Mask, ulvs.ErrFamily)
	}
	h = how{
		flags: sched.Flags(want.Flags), persist: time.Duration(want.Persist) * time.Second,
		mask: maskOf(128, false), onePacket: want.OnePacket, sip: want.Engine == "sip",
	}
	if want.Mask.IsValid() {
		h.mask = packet.AddrFrom(want.Mask)
	}
	if is4 {
		copy(h.mask[:12], bytes.Repeat([]byte{0xff}, 12)) // what makes it IPv4
	}
	h.locals, err = localsOf(want)
	return h, err
}

// maxPersist is the longest time a client may stay with its server, in seconds:
// 31 days, ipvsadm's.
const maxPersist = 31 * 24 * 60 * 60

// editService changes what can be changed. With another scheduler all that the
// old one remembered is lost; with the same one nothing happens to it, as in
// the kernel.
func (e *Engine) editService(s *entry, want ulvs.Service) error {
	chosen, err := e.scheduler(want.Scheduler)
	if err != nil {
		return err
	}
	h, err := howOf(want)
	if err != nil {
		return fmt.Errorf("edit %v: %w", want.ID, err)
	}
	if len(h.locals) == 0 && slices.ContainsFunc(s.dests, func(d *dest) bool { return d.local }) {
		return fmt.Errorf("edit %v: %w", want.ID, ulvs.ErrNoLocals)
	}
	service, other := s.service, s.want.Scheduler != want.Scheduler
	s.want, s.locals = want, h.locals
	e.later(func() {
		service.how = h
		if other {
			service.adopt(chosen)
		}
	})
	return nil
}

// setTimeouts changes what is not zero. Connections hear of it with their next
// packet.
func (e *Engine) setTimeouts(want ulvs.Timeouts) error {
	for _, n := range []int{want.TCP, want.TCPFin, want.UDP} {
		if n < 0 || n > maxPersist {
			return fmt.Errorf("timeout %d s: want 0 (as it is) to %d: %w", n, maxPersist, ulvs.ErrRange)
		}
	}
	e.later(func() {
		t := e.w.table.Timeouts()
		for state, n := range map[conntrack.State]int{
			conntrack.Established: want.TCP, conntrack.FinWait: want.TCPFin, conntrack.UDP: want.UDP,
		} {
			if n > 0 {
				t[state] = time.Duration(n) * time.Second
			}
		}
		e.w.table.SetTimeouts(t)
	})
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
