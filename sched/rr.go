// SPDX-License-Identifier: Apache-2.0

package sched

import "slices"

func init() { Register("rr", func(Env) Scheduler { return &rr{at: head} }) }

// head is a hand that points before the first server.
const head = -1

// rr, round robin: each server in turn, whatever its weight, as long as it has
// one.
//
//	list       C B A      (the newest first)
//	hand       ^ points to the last one picked, or before the list
//	pick       the first eligible one behind the hand, around to the hand itself
//
// Source: the kernel's ip_vs_rr.c.
type rr struct {
	pool
	at int // the hand, as a place in the list
}

// Update implements Scheduler. The hand stays with its server; if that one
// left, with the nearest before it, so that its successor comes next.
func (s *rr) Update(servers []*Server, change Change) {
	if change.Kind == Init {
		s.at = head
	}
	for s.at != head {
		if place := slices.Index(servers, s.servers[s.at]); place >= 0 {
			s.at = place
			break
		}
		s.at--
	}
	s.servers = servers
}

// Pick implements Scheduler. If nobody is eligible, the hand does not move.
func (s *rr) Pick(Request) *Server {
	n := len(s.servers)
	for i := range n {
		next := (s.at + 1 + i) % n
		if s.servers[next].eligible() {
			s.at = next
			return s.servers[next]
		}
	}
	return nil
}
