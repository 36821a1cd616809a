// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("nq", func(Env) Scheduler { return new(nq) }) }

// nq, never queue: the first server of the list without an active connection,
// whatever its weight; if all are busy, the one that sed would choose.
//
// First means newest: a service whose connections come one after the other
// gives all of them to one server.
//
// Source: the kernel's ip_vs_nq.c; Weinrib and Shenker, "Greed is not enough:
// adaptive load sharing in large heterogeneous systems", INFOCOM 1988.
type nq struct{ sed }

// Pick implements Scheduler.
func (s *nq) Pick(r Request) *Server {
	for _, d := range s.servers {
		if d.eligible() && d.Active() == 0 {
			return d
		}
	}
	return s.sed.Pick(r)
}
