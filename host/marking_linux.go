// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"
)

// A Marking is what the host's own rules, of nftables and of iptables, mark for
// services that go by marks.
type Marking struct {
	Aside []Tuple  // of the tuples asked about, those that a rule may mark
	Rules []string // the rules that may set such a mark, in words
	Late  []string // rules that set one where nobody looks any more: behind Marks
}

// ReadMarking looks for rules that may set one of the marks, and for which of
// the tuples. It rather finds a rule too much: of a packet it knows nothing but
// where it goes.
func ReadMarking(marks []uint32, tuples []Tuple) (Marking, error) {
	s := search{marks: marks, aside: map[Tuple]bool{}}
	if len(marks) == 0 {
		return s.Marking, nil
	}
	to := append(each(tuples), anybody...)
	if err := walkAll(to, s.nft); err != nil {
		return s.Marking, fmt.Errorf("read which nftables rules set marks: %w", err)
	}
	silent, err := walkLegacy(to, s.legacy)
	if err != nil {
		return s.Marking, fmt.Errorf("read which iptables-legacy rules set marks: %w", err)
	}
	s.Late = append(s.Late, silent...)
	for _, t := range tuples {
		if s.aside[t] || t.Proto == 0 && slices.ContainsFunc(each([]Tuple{t}), func(t Tuple) bool { return s.aside[t] }) {
			s.Aside = append(s.Aside, t)
		}
	}
	return s.Marking, nil
}

// Ineffective are the rules of m that no service heeds, a line each: those that
// come too late, and, if why says that there is no queue, all others.
func (m *Marking) Ineffective(why error) []string {
	lines := slices.Clone(m.Late)
	if why != nil {
		for _, r := range m.Rules {
			lines = append(lines, fmt.Sprintf("%s: sets a mark that does not reach us: %v", r, why))
		}
	}
	return lines
}

// anybody is a packet of either family of which nothing is known.
var anybody = []Tuple{
	{Addr: netip.AddrPortFrom(netip.IPv4Unspecified(), 0)},
	{Addr: netip.AddrPortFrom(netip.IPv6Unspecified(), 0)},
}

// each is the tuples, with those of protocol zero as one for each protocol.
func each(tuples []Tuple) (out []Tuple) {
	for _, t := range tuples {
		for _, proto := range protocols(t.Proto) {
			out = append(out, Tuple{proto, t.Addr})
		}
	}
	return out
}

// A search is a Marking in the making.
type search struct {
	Marking
	marks []uint32
	aside map[Tuple]bool
}

func (s *search) nft(from *nftables.Chain, where, _ string, p *probe) {
	s.note(where, inTime(from), p.to, p.marks)
}

func (s *search) legacy(where string, from origin, t Tuple, r *savedRule, _ bool) {
	early := from.hook == "PREROUTING" && (from.table == "raw" || from.table == "mangle")
	s.note(where, early, t, r.marks)
}

func (s *search) note(where string, early bool, t Tuple, sets []marking) {
	if !slices.ContainsFunc(sets, func(m marking) bool { return slices.ContainsFunc(s.marks, m.may) }) {
		return
	}
	if !early {
		s.Late = addNew(s.Late, where+": sets a mark behind the place where services look for it: set it in the mangle table's PREROUTING")
		return
	}
	s.Rules = addNew(s.Rules, where)
	s.aside[t] = true
}

func addNew(list []string, line string) []string {
	if slices.Contains(list, line) {
		return list
	}
	return append(list, line)
}

// inTime reports whether the rules of a chain come before those of Marks.
func inTime(c *nftables.Chain) bool {
	switch {
	case c.Table.Family == nftables.TableFamilyNetdev, *c.Hooknum == inetIngress:
		return true
	case *c.Hooknum != unix.NF_INET_PRE_ROUTING:
		return false
	}
	return c.Priority != nil && *c.Priority < marksPriority
}
