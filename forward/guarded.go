// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"maps"
	"math"
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/conntrack"
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

// addMark adds what a rule of ours about one address marks; ranges of ports by
// their first.
func (t tuples) addMark(r ulvs.MarkRule) {
	protos := []ulvs.Proto{r.Proto}
	if r.Proto == 0 {
		protos = []ulvs.Proto{ulvs.TCP, ulvs.UDP, ulvs.SCTP}
	}
	for _, proto := range protos {
		for i, p := range r.Ports {
			if i == 0 || p != (ulvs.PortRange{}) {
				t[host.Tuple{Proto: uint8(proto), Addr: netip.AddrPortFrom(r.Dst.Addr(), p.First)}] = true
			}
		}
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
	g.Ends, g.EndPorts = e.ends(c)
	e.standAside(&g)
	return g
}

// ends are the local addresses that the host holds too, and the ports that it
// leaves to us there.
func (e *Engine) ends(c *config) (ends []netip.Addr, ports []host.PortRange) {
	for a := range c.locals {
		if e.snapshot.Local(a) {
			ends = append(ends, a.Netip())
		}
	}
	if ends == nil {
		return nil, nil
	}
	slices.SortFunc(ends, netip.Addr.Compare)
	first, last := e.snapshot.Ephemeral()
	if last < first {
		return ends, []host.PortRange{{First: conntrack.FirstPort, Last: math.MaxUint16}}
	}
	if first > conntrack.FirstPort {
		ports = append(ports, host.PortRange{First: conntrack.FirstPort, Last: first - 1})
	}
	if last < math.MaxUint16 {
		ports = append(ports, host.PortRange{First: max(last+1, conntrack.FirstPort), Last: math.MaxUint16})
	}
	return ends, ports
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
		slices.Equal(a.Ends, b.Ends) && slices.Equal(a.EndPorts, b.EndPorts) && slices.Equal(a.Local, b.Local) && slices.Equal(a.Aside, b.Aside) && slices.Equal(a.Marks, b.Marks) &&
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
	u.Held, u.Ends = either(old.Held, next.Held), either(old.Ends, next.Ends)
	if u.EndPorts = next.EndPorts; len(next.Ends) == 0 {
		u.EndPorts = old.EndPorts
	}
	u.Matches = slices.Clone(next.Matches)
	for _, m := range old.Matches {
		if !slices.ContainsFunc(u.Matches, m.Equal) {
			u.Matches = append(u.Matches, m)
		}
	}
	return u
}

// either are the addresses of both lists, in order, each once.
func either(a, b []netip.Addr) []netip.Addr {
	all := slices.Concat(a, b)
	slices.SortFunc(all, netip.Addr.Compare)
	return slices.Compact(all)
}
