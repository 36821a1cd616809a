// SPDX-License-Identifier: Apache-2.0

package sched

import "time"

// A set is some servers, the last that joined first.
type set struct {
	first   int32 // the place of its first member
	size    int
	changed time.Duration // when a member last joined or left
}

// Sets are all sets of a service. Members stand in one slice and point to each
// other by their places in it; place 0 is nobody's, so that 0 means none.
type sets struct {
	roster  *roster
	members []member
	free    int32 // the first member of those given back
}

// A member is a server in a set.
type member struct{ seat, next int32 }

func (s *sets) join(g *set, d *Server, now time.Duration) {
	for i := g.first; i != 0; i = s.members[i].next {
		if s.of(i).server == d {
			return
		}
	}
	i := s.free
	if i == 0 {
		s.members = append(s.members, member{})
		i = int32(len(s.members) - 1)
	} else {
		s.free = s.members[i].next
	}
	s.members[i] = member{s.roster.hold(d), g.first}
	*g = set{i, g.size + 1, now}
}

// leave takes the member out that link points to.
func (s *sets) leave(link *int32) {
	i := *link
	s.roster.release(s.members[i].seat)
	*link, s.members[i].next, s.free = s.members[i].next, s.free, i
}

// dissolve takes all out of a set that is forgotten.
func (s *sets) dissolve(g set) {
	for g.first != 0 {
		s.leave(&g.first)
	}
}

func (s *sets) of(i int32) *seat { return &s.roster.seats[s.members[i].seat] }

// least is the member that wlc's rule chooses, nil if none can.
func (s *sets) least(g *set) *Server {
	var best *Server
	for i := g.first; i != 0; i = s.members[i].next {
		m := s.of(i)
		if m.listed && m.server.eligible() && (best == nil || busier(best, m.server)) {
			best = m.server
		}
	}
	return best
}

// shrink takes the most loaded member out; those without weight stay, and
// neither who left the service nor who is overloaded is spared.
func (s *sets) shrink(g *set, now time.Duration) {
	var most *int32
	for link := &g.first; *link != 0; link = &s.members[*link].next {
		d := s.of(*link).server
		if d.Weight > 0 && (most == nil || busier(d, s.of(*most).server)) {
			most = link
		}
	}
	if most != nil {
		s.leave(most)
		g.size, g.changed = g.size-1, now
	}
}

// busier reports whether a has more load for its weight than b.
func busier(a, b *Server) bool {
	return a.overhead()*int64(b.Weight) > b.overhead()*int64(a.Weight)
}
