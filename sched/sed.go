// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("sed", func(Env) Scheduler { return new(sed) }) }

// sed, shortest expected delay: the server with the smallest
//
//	(active + 1) / weight
//
// that is, the wait that a new connection would meet there. Inactive
// connections cost nothing; of UDP none is active, so all of it goes to the
// server of the largest weight.
//
// Source: the kernel's ip_vs_sed.c; Weinrib and Shenker, "Greed is not enough:
// adaptive load sharing in large heterogeneous systems", INFOCOM 1988.
type sed struct{ ranking }

// Pick implements Scheduler.
func (s *sed) Pick(Request) *Server {
	return s.least(func(d *Server) (int64, int64) { return d.expected(), int64(d.Weight) })
}
