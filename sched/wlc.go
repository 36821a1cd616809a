// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("wlc", func(Env) Scheduler { return new(wlc) }) }

// wlc, weighted least connection: the server with the smallest
//
//	(active*256 + inactive) / weight
//
// It is ipvsadm's default. An idle service of equal weights gives its first
// connection to the server that was added last.
//
// Source: the kernel's ip_vs_wlc.c; Zhang, "Linux Virtual Server for Scalable
// Network Services", 2000.
type wlc struct{ ranking }

// Pick implements Scheduler.
func (s *wlc) Pick(Request) *Server {
	return s.least(func(d *Server) (int64, int64) { return d.overhead(), int64(d.Weight) })
}
