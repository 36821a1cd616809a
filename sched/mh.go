// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("mh", func(Env) Scheduler { return new(mh) }) }

const (
	mhSize   = 4093 // slots, a prime; a choice of the kernel's builder
	mhTurns  = 6    // bits of the most turns in a row that a server gets
	noServer = -1
)

// The keys of mh's two hashes: where a server's walk begins and how far it
// steps. Clients are hashed by the first.
var (
	mhFirst  = sipKey{2654435761, 2654435761}
	mhSecond = sipKey{2654446892, 2654446892}
)

// mh, Maglev hashing: a client's address says which server it gets, and when a
// server comes or goes, few other clients move.
//
//	slot = sip(address + port) mod 4093      port: 0 without the flag mh-port
//
// Who owns a slot is settled by maglev, in the order of the list. What counts
// is the last weight that was not zero: an edit to weight 0 moves nobody, and
// the clients of that server get none. With the flag mh-fallback, and also
// where the server is overloaded, they get that of another slot: the hash is
// taken again with a number added to the address, from the slot's own on.
//
// Source: the kernel's ip_vs_mh.c (since 4.18); Eisenbud and others, "Maglev: a
// fast and reliable software network load balancer", NSDI 2016.
type mh struct {
	pool
	slots [mhSize]int16 // places in the list, or noServer
}

// Update implements Scheduler. Where there are more servers than slots, the
// kernel keeps the table that it has; so do we, without servers that left.
func (s *mh) Update(servers []*Server, change Change) {
	if len(servers) > mhSize {
		s.vacate(change)
		return
	}
	s.servers = servers
	maglev(&s.slots, servers)
}

func (s *mh) vacate(change Change) {
	for i, at := range s.slots {
		switch {
		case change.Kind == Init:
			s.slots[i] = noServer
		case change.Kind == Del && at != noServer && s.servers[at] == change.Server:
			s.slots[i] = noServer
		}
	}
}

// Pick implements Scheduler.
func (s *mh) Pick(r Request) *Server {
	v := client(&r.Flow, r.Flags&port != 0)
	slot := mhFirst.sum(v) % mhSize
	if s.slots[slot] == noServer {
		return nil
	}
	d := s.servers[s.slots[slot]]
	if d.eligible() {
		return d
	}
	if r.Flags&fallback != 0 {
		return s.again(v, slot)
	}
	return nil
}

// again tries up to as many other slots as there are.
func (s *mh) again(v, slot uint32) *Server {
	for i := range uint32(mhSize) {
		at := s.slots[mhFirst.sum(v+(slot+i)%mhSize)%mhSize]
		if at == noServer {
			return nil
		}
		if d := s.servers[at]; d.eligible() {
			return d
		}
	}
	return nil
}
