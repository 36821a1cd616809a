// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("hrw", func(Env) Scheduler { return new(hrw) }) }

// hrw, highest random weight or rendezvous hashing: every server draws a number
// h between 0 and 1 for every client, always the same one, and the client goes
// to the largest
//
//	weight / -ln(h)
//
// Each server so gets its weight's share of the clients. When one leaves, only
// his clients move, and all others' shares grow alike; when a weight changes,
// clients move to that server or away from it, and nowhere else.
//
// With flag-2 (sh-port and mh-port) the client's port counts too. All servers
// are looked at for each choice.
//
// It is not of the kernel. Source: Thaler and Ravishankar, "Using name-based
// mappings to increase hit rates", 1998; for weights Schindelhauer and
// Schomaker, "Weighted distributed hash tables", SPAA 2005 (the logarithmic
// method).
type hrw struct{ rendezvous }

// Pick implements Scheduler.
func (s *hrw) Pick(r Request) *Server {
	return s.highest(&r, func(*Server) bool { return true })
}
