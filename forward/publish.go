// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
)

// SetHost tells the engine that the host's addresses, routes, neighbours or
// interfaces have changed.
func (e *Engine) SetHost(s *host.Snapshot) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.snapshot
	e.snapshot = s
	if err := e.publish(); err != nil {
		e.snapshot = before
		return err
	}
	return nil
}

// publish carries out what control has written down. The guard takes what is
// new before the worker answers for it, and what is old until the worker has
// stopped to; what is in its ring at that moment is all that may be dealt with
// by both, or by none.
//
// If the guard cannot be told beforehand, nothing has happened, and the caller
// undoes what it wrote. If it cannot be told afterwards, it takes too much:
// Tick tries again.
func (e *Engine) publish() error {
	next := e.compile()
	if err := e.tell(union(e.guarded, next.guard)); err != nil {
		return err
	}
	e.ask(func() {
		for _, f := range e.pending {
			f()
		}
		e.w.adopt(next)
	})
	e.pending = nil
	if err := e.tell(next.guard); err != nil {
		e.log.Warn("the guard takes too much for now", "err", err)
	}
	return nil
}

// tell has the guard take exactly this. If that fails, it may have been heard
// all the same, or by half: then nothing is known of the guard until it has
// been told again.
func (e *Engine) tell(want host.GuardSet) error {
	if !e.unsure && equal(want, e.guarded) {
		return nil
	}
	marks := e.unsure || !slices.Equal(want.Marks, e.guarded.Marks) || !slices.Equal(want.Aside, e.guarded.Aside)
	steps := [...]func() error{
		func() error { return e.tellMarks(want, marks) },
		func() error { return e.tellGuard(want) },
	}
	if len(want.Aside) < len(e.guarded.Aside) { // else what the guard leaves must be queued by then
		slices.Reverse(steps[:])
	}
	e.unsure = true
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	e.guarded, e.unsure = want, false
	return nil
}

func (e *Engine) tellGuard(want host.GuardSet) error {
	if e.cfg.Guard == nil {
		return nil
	}
	if err := e.cfg.Guard.Set(want); err != nil {
		return fmt.Errorf("tell the guard: %w: see \"ulvs status\"", err)
	}
	return nil
}

// compile makes the config that the control side describes now.
func (e *Engine) compile() *config {
	c := &config{
		services: make(map[virtual]*service, len(e.book.services)),
		marks:    map[marked]*service{},
		sysctls:  e.book.sysctls,
		dests:    slices.Clone(e.book.dests),
		numSvc:   int(e.book.numSvc),
		host:     e.snapshot,
		none:     e.w.cfg.none,
		callers:  map[packet.Endpoint]*dest{},
		masq:     map[virtual]bool{},
		vips:     map[packet.Addr]bool{},
		held:     map[packet.Addr]bool{},
		locals:   e.lent(),
	}
	for _, index := range e.cfg.Ports {
		i, _ := e.snapshot.Interface(index) // a port that vanished is down
		c.ports = append(c.ports, port{
			index: index, name: i.Name, mac: i.MAC, mtu: i.MTU, up: i.Up, fwd4: i.Forwarding4, fwd6: i.Forwarding6,
		})
	}
	for _, r := range e.book.marks {
		c.rules = append(c.rules, compileMark(r))
	}
	for i := range e.book.services {
		c.add(&e.book.services[i])
	}
	for _, list := range [...]map[packet.Addr]bool{c.vips, c.locals} {
		for a := range list {
			if e.holds(a.Netip()) {
				c.held[a] = true
			}
		}
	}
	c.guard = e.guardSet(c)
	c.taken = host.Compile(c.guard)
	return c
}

// add makes a service known, and who of its servers may speak first.
func (c *config) add(s *entry) {
	c.family[family(s.Addr.Addr())] = true
	if s.Mark != 0 {
		c.marks[marked{s.Mark, s.Addr.Addr().Is4()}] = s.service
	} else {
		c.services[virtualOf(s.ID)] = s.service
		c.vips[packet.AddrFrom(s.Addr.Addr())] = true
		c.ftp = c.ftp || s.Proto == ulvs.TCP && s.Addr.Port() == ftp
		c.anyPort = c.anyPort || s.Addr.Port() == 0
	}
	for _, a := range s.locals {
		c.locals[a] = true
	}
	for _, d := range s.dests {
		a := packet.EndpointFrom(d.Addr)
		if d.masq {
			c.masq[virtual{uint8(s.Proto), a}] = true
		}
		if d.masq && !d.local && s.want.Engine == "sip" && s.Addr.Port() != 0 && a.Port != 0 {
			c.callers[a] = d
		}
	}
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// holds reports whether a VIP, or a local address, is ours alone: an address of no interface of the
// director's, in the subnet of a port. We answer ARP for it, and everything
// that is sent to it is ours.
func (e *Engine) holds(vip netip.Addr) bool {
	a := packet.AddrFrom(vip)
	if r, ok := e.snapshot.Route(a); ok && r.Kind != host.Unicast {
		return false // the host's, or everybody's
	}
	for _, index := range e.cfg.Ports {
		if e.snapshot.OnLink(index, a) {
			return true
		}
	}
	return false
}
