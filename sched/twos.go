// SPDX-License-Identifier: Apache-2.0

package sched

import "math/rand/v2"

func init() { Register("twos", func(e Env) Scheduler { return &twos{rand: e.Rand} }) }

// twos, power of two choices: two servers are drawn by chance, each in
// proportion to its weight, and the one with the smaller
//
//	(active*256 + inactive) / weight
//
// is taken; of equals the first drawn. The draw is from 0 to the sum W of all
// weights, both included, so the first of the list, of weight w, has (w+1) of
// the W+1 chances, and any other one w.
//
// The kernel compares products of 32 bits, which wrap: so do we.
//
// Source: the kernel's ip_vs_twos.c (since 5.12); Mitzenmacher, "The power of
// two choices in randomized load balancing", 2001.
type twos struct {
	pool
	rand *rand.Rand
}

// Pick implements Scheduler.
func (s *twos) Pick(Request) *Server {
	total := 0
	for _, d := range s.servers {
		if d.eligible() {
			total += d.Weight
		}
	}
	if total == 0 {
		return nil
	}
	a, b := s.at(s.rand.IntN(total+1)), s.at(s.rand.IntN(total+1))
	if int32(b.Weight)*int32(a.overhead()) > int32(a.Weight)*int32(b.overhead()) {
		return b
	}
	return a
}

// at is the first server at which the eligible weights so far reach n.
func (s *twos) at(n int) (d *Server) {
	for _, d = range s.servers {
		if !d.eligible() {
			continue
		}
		if n -= d.Weight; n <= 0 {
			break
		}
	}
	return d
}
