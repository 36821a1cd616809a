// SPDX-License-Identifier: Apache-2.0

package sched

import "math"

func init() { Register("lb", func(Env) Scheduler { return new(lb) }) }

// lb, least bandwidth: the server with the smallest
//
//	bandwidth / weight
//
// of the last seconds (Server.Carried). Who has carried nothing yet goes
// first, and of several the one that wlc would choose: where nobody counts
// bytes, lb chooses as wlc does. A connection costs nothing until its bytes
// flow, so that many at once may all meet at one server.
//
// It is not of the kernel. Source: Citrix NetScaler's "least bandwidth", which
// looks back over 14 seconds; here older bytes count less and less.
type lb struct{ ranking }

func (*lb) Measures() Measures { return ByBytes }

// Pick implements Scheduler.
func (s *lb) Pick(Request) *Server {
	return s.least(func(d *Server) (int64, int64) {
		if d.bytes.value == 0 {
			return math.MinInt64/2 + d.overhead()<<28/int64(d.Weight), 1
		}
		return d.bytes.score(1 / float64(d.Weight)), 1
	})
}
