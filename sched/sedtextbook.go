// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("sed-textbook", func(Env) Scheduler { return new(sedTextbook) }) }

// sed-textbook is shortest expected delay as tutorials tell it: the server with
// the smallest
//
//	(active + 1 + inactive) / weight
//
// The kernel's sed counts no inactive ones. So this one spreads connections
// that come one after the other, and UDP, where sed gives all to one server.
//
// Source: tutorials on LVS; they multiply all sides by 256, which changes nothing.
type sedTextbook struct{ ranking }

// Pick implements Scheduler.
func (s *sedTextbook) Pick(Request) *Server {
	return s.least(func(d *Server) (int64, int64) { return d.expected() + int64(d.Inactive()), int64(d.Weight) })
}
