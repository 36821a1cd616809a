// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("chbl", func(Env) Scheduler { return new(chbl) }) }

// chbl, consistent hashing with bounded loads: each client goes to its
// favourite server as long as that one holds less than a quarter over its
// share, else to the next favourite:
//
//	bound = 1.25 * weight * (connections + 1) / sum of weights, rounded up
//
// counted over those who can take a connection. So a client mostly stays with
// a server, and however uneven clients are, no server gets more than its bound.
// At least one is always below it.
//
// The favourites are hrw's; the paper's are the next ones around a ring, which
// gives all that one server cannot take to a single neighbour.
//
// It is not of the kernel. Source: Mirrokni, Thorup and Zadimoghaddam,
// "Consistent hashing with bounded loads", 2016.
type chbl struct{ rendezvous }

// Pick implements Scheduler.
func (s *chbl) Pick(r Request) *Server {
	conns, weights := 1, 0
	for _, d := range s.servers {
		if d.eligible() {
			conns += d.total()
			weights += d.Weight
		}
	}
	return s.highest(&r, func(d *Server) bool {
		return d.total()*4*weights < 5*d.Weight*conns // that is, below the bound before it is rounded
	})
}
