// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("lblcr", func(e Env) Scheduler { return &lblcr{settings: e.Settings} }) }

// lblcr, locality-based least connection with replication: each destination
// address has a set of servers, and of those wlc's rule chooses. If nobody of
// the set can, or the chosen one is crowded (see lblc), wlc chooses among all,
// and that one joins the set. A set that has not changed for lblcr_expiration
// loses its most loaded member at the next request.
//
// Source: the kernel's ip_vs_lblcr.c.
type lblcr struct {
	wlc
	roster   roster
	sets     sets
	cache    collector[set]
	settings *Settings
}

// Update implements Scheduler.
func (s *lblcr) Update(servers []*Server, change Change) {
	s.wlc.Update(servers, change)
	s.roster.update(servers, change)
	if change.Kind == Init {
		s.sets = sets{roster: &s.roster, members: make([]member, 1, 1024)}
		s.cache = newCollector(s.sets.dissolve)
	}
}

// Pick implements Scheduler.
func (s *lblcr) Pick(r Request) *Server {
	s.cache.collect(r.Now, s.settings.LBLCRExpiration)
	e := s.cache.find(r.destination())
	if e != nil {
		e.last = r.Now
		d := s.sets.least(&e.value)
		if e.value.size > 1 && r.Now > e.value.changed+s.settings.LBLCRExpiration {
			s.sets.shrink(&e.value, r.Now)
		}
		if d != nil && !s.crowded(d) {
			return d // even if it has just left the set
		}
	}
	d := s.wlc.Pick(r)
	if d != nil {
		s.remember(e, r, d)
	}
	return d
}

// remember lets d join the destination's set.
func (s *lblcr) remember(e *entry[set], r Request, d *Server) {
	if e == nil {
		e = s.cache.add(*r.destination(), r.Now)
	}
	s.sets.join(&e.value, d, r.Now)
}
