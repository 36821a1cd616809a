// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("ovf", func(Env) Scheduler { return new(ovf) }) }

// ovf, weighted overflow: all to the server of the largest weight, until it
// has more active connections than weight; then to the next one. A server of
// weight w so holds w+1, and UDP, which is never active, never overflows.
//
// Source: the kernel's ip_vs_ovf.c.
type ovf struct{ ranking }

// Pick implements Scheduler.
func (s *ovf) Pick(Request) *Server {
	return s.heaviest(func(d *Server) bool { return d.Active() <= d.Weight })
}
