// SPDX-License-Identifier: Apache-2.0

package sched

import "net/netip"

// A roster numbers a service's servers, so that what is remembered of
// destinations holds numbers. A server that left keeps its number while
// anything holds it: when one of that address is added, it is that one.
type roster struct {
	seats []seat
	of    map[netip.AddrPort]int32
	empty []int32 // numbers to give away
}

// A seat is a number's server.
type seat struct {
	server *Server
	listed bool // it is in the service
	held   int  // how often it is remembered
}

// update is to be told of every change.
func (r *roster) update(servers []*Server, change Change) {
	switch change.Kind {
	case Init:
		*r = roster{of: make(map[netip.AddrPort]int32)}
		for _, d := range servers {
			r.enter(d)
		}
	case Add:
		r.enter(change.Server)
	case Del:
		if n, known := r.of[change.Server.Addr]; known {
			r.seats[n].listed = false
			r.clear(n)
		}
	}
}

func (r *roster) enter(d *Server) {
	n, known := r.of[d.Addr]
	if !known {
		n = r.vacancy()
		r.of[d.Addr] = n
	}
	r.seats[n].server, r.seats[n].listed = d, true
}

func (r *roster) vacancy() int32 {
	last := len(r.empty) - 1
	if last < 0 {
		r.seats = append(r.seats, seat{})
		return int32(len(r.seats) - 1)
	}
	n := r.empty[last]
	r.empty = r.empty[:last]
	return n
}

// hold says that the server is remembered once more, under this number.
func (r *roster) hold(d *Server) int32 {
	n := r.of[d.Addr]
	r.seats[n].held++
	return n
}

// release undoes one hold.
func (r *roster) release(n int32) {
	r.seats[n].held--
	r.clear(n)
}

// clear gives the number away if nobody needs it any more.
func (r *roster) clear(n int32) {
	if s := &r.seats[n]; !s.listed && s.held == 0 {
		delete(r.of, s.server.Addr)
		s.server = nil
		r.empty = append(r.empty, n)
	}
}
