// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("lblc", func(e Env) Scheduler { return &lblc{settings: e.Settings} }) }

// lblc, locality-based least connection: each destination address stays with
// its server as long as that one is in the service, has weight and is not
// crowded; otherwise, and at first, wlc chooses. It is for caches, which are
// services by firewall mark.
//
//	crowded   active > weight, and some server has active*2 < weight
//
// The threshold flag (OVERLOAD) is heeded when wlc chooses, not for a
// destination that is remembered. Whoever is remembered and left is used again
// when he returns.
//
// Source: the kernel's ip_vs_lblc.c.
type lblc struct {
	wlc
	roster   roster
	cache    collector[int32] // destinations, with numbers of servers
	settings *Settings
}

// Update implements Scheduler.
func (s *lblc) Update(servers []*Server, change Change) {
	s.wlc.Update(servers, change)
	s.roster.update(servers, change)
	if change.Kind == Init {
		s.cache = newCollector(s.roster.release)
	}
}

// Pick implements Scheduler.
func (s *lblc) Pick(r Request) *Server {
	s.cache.collect(r.Now, s.settings.LBLCExpiration)
	e := s.cache.find(r.destination())
	if e != nil {
		e.last = r.Now
		seat := s.roster.seats[e.value]
		if seat.listed && seat.server.Weight > 0 && !s.crowded(seat.server) {
			return seat.server
		}
	}
	d := s.wlc.Pick(r)
	if d != nil {
		s.remember(e, r, d)
	}
	return d
}

// remember gives the destination to d. Where it had another server, the kernel
// puts a new entry in the place of the old one, and counts it as one more: its
// count so grows beyond what there is, and hastens the collector.
func (s *lblc) remember(e *entry[int32], r Request, d *Server) {
	n := s.roster.hold(d)
	if e == nil {
		s.cache.add(*r.destination(), r.Now).value = n
		return
	}
	if e.value != n {
		s.cache.count++
	}
	s.roster.release(e.value)
	e.value = n
}

// crowded is what lblc and lblcr call overloaded: busier than it should be,
// while another is less than half busy.
func (p *pool) crowded(d *Server) bool {
	if d.Active() <= d.Weight {
		return false
	}
	for _, other := range p.servers {
		if other.Active()*2 < other.Weight {
			return true
		}
	}
	return false
}
