// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("sh", func(Env) Scheduler { return new(sh) }) }

// The flags of sh and mh.
const (
	fallback = Flag1 // sh-fallback, mh-fallback: where the client's server cannot, look for another
	port     = Flag2 // sh-port, mh-port: the client's port counts too
)

const shBits = 8 // of a slot's number; a choice of the kernel's builder

// sh, source hashing: a client's address says which server it gets.
//
//	slot = hash32(address + port, 8)      port: 0 without the flag sh-port
//
// The 256 slots are dealt out along the list, as many in a row as a server has
// weight, around and around. Weight 0 takes a slot too; its clients get no
// server. With the flag sh-fallback, and also where the server is overloaded,
// they get that of the first slot from 2*slot on that can.
//
// Source: the kernel's ip_vs_sh.c.
type sh struct {
	pool
	slots [1 << shBits]uint8 // places in the list
}

// Update implements Scheduler.
func (s *sh) Update(servers []*Server, _ Change) {
	s.servers = servers
	if len(servers) == 0 {
		return
	}
	at, dealt := 0, 0
	for i := range s.slots {
		s.slots[i] = uint8(at)
		if dealt++; dealt >= servers[at].Weight {
			at, dealt = (at+1)%len(servers), 0
		}
	}
}

// Pick implements Scheduler.
func (s *sh) Pick(r Request) *Server {
	if len(s.servers) == 0 {
		return nil
	}
	slot := hash32(client(&r.Flow, r.Flags&port != 0), shBits)
	d := s.servers[s.slots[slot]]
	if d.eligible() {
		return d
	}
	if r.Flags&fallback != 0 {
		return s.from(2 * slot)
	}
	return nil
}

// from is the first eligible server from that slot on, around.
func (s *sh) from(slot uint32) *Server {
	for i := range uint32(len(s.slots)) {
		if d := s.servers[s.slots[uint8(slot+i)]]; d.eligible() {
			return d
		}
	}
	return nil
}
