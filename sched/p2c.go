// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("p2c", func(e Env) Scheduler { return &p2c{lottery{rand: e.Rand}} }) }

// p2c, power of two choices: two servers are drawn by chance, each in
// proportion to its weight, and the one with the smaller
//
//	(active*256 + inactive) / weight
//
// is taken; of equals the first drawn. Both may be the same one.
//
// It is not of the kernel, whose twos is nearly this: there the newest server
// has one chance too many, and large products wrap.
//
// Source: Mitzenmacher, "The power of two choices in randomized load
// balancing", 2001: the second choice makes the longest queue exponentially
// shorter.
type p2c struct{ lottery }

// Pick implements Scheduler.
func (s *p2c) Pick(Request) *Server {
	a, b := s.draw(), s.draw()
	if a != nil && busier(a, b) {
		return b
	}
	return a
}
