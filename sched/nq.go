// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("nq", func(Env) Scheduler { return new(nq) }) }

// nq, never queue: the first server of the list without an active connection,
// whatever its weight; if all are busy, the one that sed would choose. In one
// formula: the server with the smallest
//
//	0                        if nothing is active, else
//	(active + 1) / weight
//
// First means newest: a service whose connections come one after the other
// gives all of them to one server.
//
// Source: the kernel's ip_vs_nq.c; Weinrib and Shenker, "Greed is not enough:
// adaptive load sharing in large heterogeneous systems", INFOCOM 1988.
type nq struct{ ranking }

// Pick implements Scheduler.
func (s *nq) Pick(Request) *Server {
	return s.least(func(d *Server) (int64, int64) {
		if d.Active() == 0 {
			return 0, 1
		}
		return d.expected(), int64(d.Weight)
	})
}
