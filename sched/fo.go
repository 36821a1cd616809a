// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("fo", func(Env) Scheduler { return new(fo) }) }

// fo, weighted failover: all to the server of the largest weight; where it is
// overloaded, to the next one. Of equals the newest. A server that comes back
// takes over at once.
//
// Source: the kernel's ip_vs_fo.c.
type fo struct{ ranking }

// Pick implements Scheduler.
func (s *fo) Pick(Request) *Server {
	return s.heaviest(func(*Server) bool { return true })
}
