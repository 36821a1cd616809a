// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("lc", func(Env) Scheduler { return new(lc) }) }

// lc, least connection: the server with the smallest
//
//	active*256 + inactive
//
// whatever its weight, as long as it has one.
//
// Source: the kernel's ip_vs_lc.c; Zhang, "Linux Virtual Server for Scalable
// Network Services", 2000.
type lc struct{ ranking }

// Pick implements Scheduler.
func (s *lc) Pick(Request) *Server {
	return s.least(func(d *Server) (int64, int64) { return d.overhead(), 1 })
}
