// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("dh", func(Env) Scheduler { return new(dh) }) }

const dhBits = 8 // of a slot's number; a choice of the kernel's builder

// dh, destination hashing: the address that a packet is sent to says which
// server gets it, whatever the weights.
//
//	slot = hash32(address, 8)
//
// The 256 slots are dealt out along the list, one to each server, around and
// around. If the server cannot take it, nobody does. With one virtual address
// all goes to one server: dh is for services by firewall mark, as transparent
// caches are.
//
// Source: the kernel's ip_vs_dh.c.
type dh struct{ pool }

// Pick implements Scheduler.
func (s *dh) Pick(r Request) *Server {
	if len(s.servers) == 0 {
		return nil
	}
	slot := hash32(fold(r.destination()), dhBits)
	if d := s.servers[int(slot)%len(s.servers)]; d.eligible() {
		return d
	}
	return nil
}
