// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("dh-textbook", func(Env) Scheduler { return &dhTextbook{turns: rr{at: head}} }) }

// dh-textbook is destination hashing as tutorials tell it: who is asked for the
// first time goes to the next server by turns, and to the same one ever after,
// while it can take it. It remembers so many destinations as a memory holds.
//
// The kernel's dh remembers nothing: it hashes the address.
//
// Source: tutorials on LVS.
type dhTextbook struct {
	turns  rr
	roster roster
	memory memory[int32] // destinations, with numbers of servers
}

// Update implements Scheduler.
func (s *dhTextbook) Update(servers []*Server, change Change) {
	s.turns.Update(servers, change)
	s.roster.update(servers, change)
	if change.Kind == Init {
		s.memory = newMemory(s.roster.release)
	}
}

// Pick implements Scheduler.
func (s *dhTextbook) Pick(r Request) *Server {
	e := s.memory.find(&r.Flow.Dst.Addr)
	if e != nil {
		if seat := s.roster.seats[e.value]; seat.listed && seat.server.eligible() {
			return seat.server
		}
	}
	d := s.turns.Pick(r)
	switch {
	case d == nil:
		return nil
	case e == nil:
		s.memory.add(r.Flow.Dst.Addr, r.Now).value = s.roster.hold(d)
	default:
		s.roster.release(e.value)
		e.value = s.roster.hold(d)
	}
	return d
}
