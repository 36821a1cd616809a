// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("nq-textbook", func(Env) Scheduler { return new(nqTextbook) }) }

// nq-textbook is never queue as tutorials tell it: the first round is spread
// evenly, one connection for each server of the list; from then on it is
// sed-textbook. Whoever is added, or could not take a connection yet, gets his
// first one first.
//
// The kernel's nq instead looks, each time, for somebody without an active
// connection.
//
// Source: tutorials on LVS.
type nqTextbook struct {
	ranking
	served map[*Server]bool // who had his first; an entry for each server
}

// Update implements Scheduler.
func (s *nqTextbook) Update(servers []*Server, change Change) {
	s.ranking.Update(servers, change)
	switch change.Kind {
	case Init:
		s.served = make(map[*Server]bool, len(servers))
		for _, d := range servers {
			s.served[d] = false
		}
	case Add:
		s.served[change.Server] = false
	case Del:
		delete(s.served, change.Server)
	}
}

// Pick implements Scheduler.
func (s *nqTextbook) Pick(Request) *Server {
	d := s.least(func(d *Server) (int64, int64) {
		if !s.served[d] {
			return 0, 1
		}
		return d.expected() + int64(d.Inactive()), int64(d.Weight)
	})
	if d != nil {
		s.served[d] = true
		d.note()
	}
	return d
}
