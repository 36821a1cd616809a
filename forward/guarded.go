// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/host"
)

// A tuples is a set of ends of conversations.
type tuples map[host.Tuple]bool

func (t tuples) add(id ulvs.ID, a netip.AddrPort) {
	t[host.Tuple{Proto: uint8(id.Proto), Addr: a}] = true
}

func (t tuples) addAll(list []host.Tuple) {
	for _, x := range list {
		t[x] = true
	}
}

func (t tuples) sorted() []host.Tuple {
	return slices.SortedFunc(maps.Keys(t), func(a, b host.Tuple) int {
		if c := a.Addr.Compare(b.Addr); c != 0 {
			return c
		}
		return int(a.Proto) - int(b.Proto)
	})
}

// guardSet is what the guard is to take: requests to virtual services, and
// replies of those real servers whose replies we translate. What was deleted
// is guarded while its connections live, as the kernel's IPVS sees their
// packets too; but where a family has no service left, IPVS sees nothing.
func (e *Engine) guardSet(c *config) host.GuardSet {
	virtual, real := tuples{}, tuples{}
	add := func(d *dest) {
		if d.id.Mark == 0 {
			virtual.add(d.id, d.id.Addr)
		}
		if d.translated {
			real.add(d.id, d.Addr)
		}
	}
	for _, s := range e.book.services {
		if s.Mark == 0 {
			virtual.add(s.ID, s.Addr)
		}
		for _, d := range s.dests {
			add(d)
		}
	}
	for _, d := range e.book.trash.dests {
		if d.Active()+d.Inactive() > 0 && c.family[family(d.id.Addr.Addr())] {
			add(d)
		}
	}
	g := host.GuardSet{
		Virtual: virtual.sorted(), Real: real.sorted(), Held: c.ours(), Local: e.snapshot.Locals(), Matches: e.matches(),
	}
	e.standAside(&g)
	return g
}

// ours are the VIPs that nobody but us holds.
func (c *config) ours() (all []netip.Addr) {
	for a := range c.held {
		all = append(all, a.Netip())
	}
	slices.SortFunc(all, netip.Addr.Compare)
	return all
}

// matches are what goes to a service by more than one address and port.
func (e *Engine) matches() (all []host.Match) {
	for _, s := range e.book.services {
		if s.Proto == ulvs.TCP && s.Addr.Port() == ftp && s.want.Persist > 0 {
			all = append(all, ftpDataOf(s.Addr.Addr()))
		}
	}
	for _, r := range e.book.marks {
		if e.book.goesBy(r) {
			all = append(all, matchOf(r))
		}
	}
	return all
}

// goesBy reports whether some service goes by a mark that the rule may give.
func (l *ledger) goesBy(r ulvs.MarkRule) bool {
	return slices.ContainsFunc(l.services, func(s entry) bool {
		return s.Mark != 0 && s.Addr.Addr().Is4() == r.Dst.Addr().Is4() && s.Mark&r.Mask == r.Mark
	})
}

// matchOf are the packets that a rule marks.
func matchOf(r ulvs.MarkRule) host.Match {
	m := host.Match{Dst: r.Dst, Src: r.Src, Proto: uint8(r.Proto)}
	for _, p := range r.Ports {
		if p != (ulvs.PortRange{}) {
			m.Ports = append(m.Ports, host.PortRange(p))
		}
	}
	return m
}

// ftpDataOf are the packets that reach a persistent service of FTP as its data.
func ftpDataOf(vip netip.Addr) host.Match {
	return host.Match{
		Dst: netip.PrefixFrom(vip, vip.BitLen()), Proto: uint8(ulvs.TCP),
		Ports: []host.PortRange{{First: ftpData, Last: ftpData}, {First: unprivileged, Last: 65535}},
	}
}

func equal(a, b host.GuardSet) bool {
	return slices.Equal(a.Virtual, b.Virtual) && slices.Equal(a.Held, b.Held) && slices.Equal(a.Real, b.Real) &&
		slices.Equal(a.Local, b.Local) && slices.Equal(a.Aside, b.Aside) && slices.Equal(a.Marks, b.Marks) &&
		slices.EqualFunc(a.Matches, b.Matches, host.Match.Equal)
}

// union is what either takes; only the newer knows the host's addresses, and
// what stands aside.
func union(old, next host.GuardSet) host.GuardSet {
	virtual, real := tuples{}, tuples{}
	for _, g := range [...]host.GuardSet{old, next} {
		virtual.addAll(g.Virtual)
		real.addAll(g.Real)
	}
	u := host.GuardSet{Virtual: virtual.sorted(), Real: real.sorted(), Local: next.Local, Aside: next.Aside, Marks: next.Marks}
	u.Held = append(slices.Clone(old.Held), next.Held...)
	slices.SortFunc(u.Held, netip.Addr.Compare)
	u.Held = slices.Compact(u.Held)
	u.Matches = slices.Clone(next.Matches)
	for _, m := range old.Matches {
		if !slices.ContainsFunc(u.Matches, m.Equal) {
			u.Matches = append(u.Matches, m)
		}
	}
	return u
}
