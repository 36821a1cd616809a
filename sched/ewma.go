// SPDX-License-Identifier: Apache-2.0

package sched

import "math"

func init() { Register("ewma", func(Env) Scheduler { return new(ewma) }) }

// ewma, least expected latency: the server with the smallest
//
//	latency * (active + 1) / weight
//
// where latency is a peak EWMA (Server.Observe): it believes bad news at once,
// good news by and by, and forgets, so that a server that once was slow is
// tried again. Who was never measured is asked first while he is idle, and last
// while he is not: where nobody measures, ewma chooses as nq does.
//
// It is not of the kernel. Source: Twitter's Finagle (PeakEwma), which takes
// the better of two servers drawn by chance; one director alone does best with
// the best of all.
type ewma struct{ ranking }

func (*ewma) Measures() Measures { return ByLatency }

// Pick implements Scheduler.
func (s *ewma) Pick(Request) *Server {
	return s.least(func(d *Server) (int64, int64) {
		switch {
		case d.latency.value > 0:
			return d.latency.score(float64(d.expected()) / float64(d.Weight)), 1
		case d.Active() == 0:
			return math.MinInt64, 1
		}
		return math.MaxInt64/2 + d.expected()<<31/int64(d.Weight), 1
	})
}
