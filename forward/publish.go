// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/modes"
	"github.com/ulvs/ulvs/packet"
)

// SetHost tells the engine that the host's addresses, routes, neighbours or
// interfaces have changed.
func (e *Engine) SetHost(s *host.Snapshot) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.snapshot = s
	return e.publish()
}

// publish shows the data path what control has changed. The guard holds what
// is new before the data path answers for it, and what is old until it no
// longer does, so that at no moment both or neither deal with a packet.
func (e *Engine) publish() error {
	next := e.compile()
	before := union(e.guarded, next.guard)
	if err := e.guard(before); err != nil {
		return err
	}
	e.live.Store(next)
	e.poller.Wake()
	return e.guard(next.guard)
}

func (e *Engine) guard(want host.GuardSet) error {
	if e.cfg.Guard != nil && !equal(want, e.guarded) {
		if err := e.cfg.Guard.Set(want); err != nil {
			return fmt.Errorf("tell the guard: %w", err)
		}
	}
	e.guarded = want
	return nil
}

// compile makes the config that the control side describes now.
func (e *Engine) compile() *config {
	c := &config{
		services: make(map[virtual]*service, len(e.services)),
		dests:    slices.Clone(e.dests),
		numSvc:   int(e.numSvc),
		host:     e.snapshot,
		held:     map[packet.Addr]bool{},
	}
	for _, index := range e.cfg.Ports {
		i, _ := e.snapshot.Interface(index) // a port that vanished is down
		c.ports = append(c.ports, port{
			index: index, name: i.Name, mac: i.MAC, mtu: i.MTU, up: i.Up, fwd4: i.Forwarding4, fwd6: i.Forwarding6,
		})
	}
	for _, s := range e.services {
		c.services[virtualOf(s.ID)] = s
		c.family[family(s.Addr.Addr())] = true
		if e.holds(s.Addr.Addr()) {
			c.held[packet.AddrFrom(s.Addr.Addr())] = true
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
	if e.snapshot.Local(a) {
		return false
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
// is guarded while its connections may live, as the kernel's IPVS sees their
// packets too; but where a family has no service left, IPVS sees nothing.
func (e *Engine) guardSet(c *config) host.GuardSet {
	virtual, real := map[host.Tuple]bool{}, map[host.Tuple]bool{}
	for _, s := range e.services {
		virtual[host.Tuple{Proto: uint8(s.Proto), Addr: s.Addr}] = true
	}
	for _, d := range e.dests {
		if d == nil || !c.family[family(d.id.Addr.Addr())] {
			continue
		}
		virtual[host.Tuple{Proto: uint8(d.id.Proto), Addr: d.id.Addr}] = true
		if modes.All[d.mode].SeesBack || d.translated {
			d.translated = true // connections of that mode may live on after an edit
			real[host.Tuple{Proto: uint8(d.id.Proto), Addr: d.Addr}] = true
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
