// SPDX-License-Identifier: Apache-2.0

package sched

// A pool is the list of servers, for schedulers to embed: to remember the list
// is all the Update that most of them need.
type pool struct{ servers []*Server }

// Update implements Scheduler.
func (p *pool) Update(servers []*Server, _ Change) { p.servers = servers }

// least is the server with the least load for its weight, as cost tells them;
// of equals the first in the list, which is the newest.
//
// Loads are compared as fractions without dividing: a/v > b/w where a*w > b*v.
func (p *pool) least(cost func(*Server) (load, weight int64)) *Server {
	var best *Server
	var load, weight int64
	for _, s := range p.servers {
		if !s.eligible() {
			continue
		}
		l, w := cost(s)
		if best == nil || load*w > l*weight {
			best, load, weight = s, l, w
		}
	}
	return best
}

// heaviest is the server with the largest weight of those that fit; of equals
// the first in the list.
func (p *pool) heaviest(fits func(*Server) bool) *Server {
	var best *Server
	for _, s := range p.servers {
		if s.eligible() && fits(s) && (best == nil || s.Weight > best.Weight) {
			best = s
		}
	}
	return best
}
