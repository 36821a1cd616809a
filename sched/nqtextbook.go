// SPDX-License-Identifier: Apache-2.0

package sched

import "slices"

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
	sedTextbook
	served []bool // who had his first, by place in the list
}

// Update implements Scheduler.
func (s *nqTextbook) Update(servers []*Server, change Change) {
	had := make(map[*Server]bool, len(servers))
	for i, d := range s.servers {
		had[d] = s.served[i] && change.Kind != Init
	}
	s.served = slices.Grow(s.served[:0], len(servers))
	for _, d := range servers {
		s.served = append(s.served, had[d])
	}
	s.servers = servers
}

// Pick implements Scheduler.
func (s *nqTextbook) Pick(r Request) *Server {
	for i, d := range s.servers {
		if !s.served[i] && d.eligible() {
			s.served[i] = true
			return d
		}
	}
	return s.sedTextbook.Pick(r)
}
