// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"maps"
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

// tell has the guard take exactly this.
func (e *Engine) tell(want host.GuardSet) error {
	if e.cfg.Guard != nil && !equal(want, e.guarded) {
		if err := e.cfg.Guard.Set(want); err != nil {
			return fmt.Errorf("tell the guard: %w: see \"ulvs status\"", err)
		}
	}
	e.guarded = want
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
		masq:     map[virtual]bool{},
		held:     map[packet.Addr]bool{},
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
	for _, s := range e.book.services {
		c.family[family(s.Addr.Addr())] = true
		if s.Mark != 0 {
			c.marks[marked{s.Mark, s.Addr.Addr().Is4()}] = s.service
			continue
		}
		c.services[virtualOf(s.ID)] = s.service
		c.ftp = c.ftp || s.Proto == ulvs.TCP && s.Addr.Port() == ftp
		c.anyPort = c.anyPort || s.Addr.Port() == 0
		if e.holds(s.Addr.Addr()) {
			c.held[packet.AddrFrom(s.Addr.Addr())] = true
		}
	}
	for _, s := range e.book.services {
		for _, d := range s.dests {
			if d.masq {
				c.masq[virtual{uint8(s.Proto), packet.EndpointFrom(d.Addr)}] = true
			}
		}
	}
	c.guard = e.guardSet(c)
	c.taken = host.Compile(c.guard)
	return c
}

func family(a netip.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

// holds reports whether a VIP is ours alone: an address of no interface of the
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

// guardSet is what the guard is to take: requests to virtual services, and
// replies of those real servers whose replies we translate. What was deleted
// is guarded while its connections live, as the kernel's IPVS sees their
// packets too; but where a family has no service left, IPVS sees nothing.
func (e *Engine) guardSet(c *config) host.GuardSet {
	virtual, real := map[host.Tuple]bool{}, map[host.Tuple]bool{}
	add := func(d *dest) {
		virtual[host.Tuple{Proto: uint8(d.id.Proto), Addr: d.id.Addr}] = true
		if d.translated {
			real[host.Tuple{Proto: uint8(d.id.Proto), Addr: d.Addr}] = true
		}
	}
	for _, s := range e.book.services {
		virtual[host.Tuple{Proto: uint8(s.Proto), Addr: s.Addr}] = true
		for _, d := range s.dests {
			add(d)
		}
	}
	for _, d := range e.book.trash.dests {
		if d.Active()+d.Inactive() > 0 && c.family[family(d.id.Addr.Addr())] {
			add(d)
		}
	}
	g := host.GuardSet{Virtual: sorted(virtual), Real: sorted(real), Local: e.snapshot.Locals()}
	for a := range c.held {
		g.Held = append(g.Held, a.Netip())
	}
	slices.SortFunc(g.Held, netip.Addr.Compare)
	return g
}

func sorted(set map[host.Tuple]bool) []host.Tuple {
	return slices.SortedFunc(maps.Keys(set), func(a, b host.Tuple) int {
		if c := a.Addr.Compare(b.Addr); c != 0 {
			return c
		}
		return int(a.Proto) - int(b.Proto)
	})
}

func equal(a, b host.GuardSet) bool {
	return slices.Equal(a.Virtual, b.Virtual) && slices.Equal(a.Held, b.Held) &&
		slices.Equal(a.Real, b.Real) && slices.Equal(a.Local, b.Local)
}

// union is what either takes; only the newer knows the host's addresses.
func union(old, next host.GuardSet) host.GuardSet {
	virtual, real := map[host.Tuple]bool{}, map[host.Tuple]bool{}
	for _, g := range [...]host.GuardSet{old, next} {
		for _, t := range g.Virtual {
			virtual[t] = true
		}
		for _, t := range g.Real {
			real[t] = true
		}
	}
	u := host.GuardSet{Virtual: sorted(virtual), Real: sorted(real), Local: next.Local}
	u.Held = append(slices.Clone(old.Held), next.Held...)
	slices.SortFunc(u.Held, netip.Addr.Compare)
	u.Held = slices.Compact(u.Held)
	return u
}
