// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"math/bits"

	"github.com/ulvs/ulvs/packet"
)

// A walker is a server on its way through all slots, in an order of its own.
type walker struct {
	at, step uint32 // its place, and how far its next one is
	turns    int    // slots that it takes in a row
}

// maglev deals out the slots: around the list, each server takes as many in a
// row as it has turns, and skips those that are taken.
func maglev(slots *[mhSize]int16, servers []*Server) {
	for i := range slots {
		slots[i] = noServer
	}
	walkers, any := walkersOf(servers)
	if !any {
		return
	}
	for taken := 0; ; {
		for i := range walkers {
			for range walkers[i].turns {
				walkers[i].take(slots, int16(i))
				if taken++; taken == mhSize {
					return
				}
			}
		}
	}
}

// take walks to a free slot and takes it.
func (w *walker) take(slots *[mhSize]int16, server int16) {
	for slots[w.at] != noServer {
		w.at = (w.at + w.step) % mhSize
	}
	slots[w.at] = server
}

// walkersOf says also whether any of them has a turn.
func walkersOf(servers []*Server) (walkers []walker, any bool) {
	divisor, highest := 0, 0
	for _, d := range servers {
		divisor = gcd(divisor, d.LastWeight)
		highest = max(highest, d.LastWeight)
	}
	if divisor == 0 {
		return nil, false
	}
	shift := max(0, bits.Len(uint(highest/divisor))-mhTurns)
	walkers = make([]walker, len(servers))
	for i, d := range servers {
		walkers[i] = walkerOf(d, d.LastWeight/divisor>>shift)
	}
	return walkers, true
}

// walkerOf gives a turn also to a weight that is too small for one.
func walkerOf(d *Server, turns int) walker {
	e := packet.EndpointFrom(d.Addr)
	v := fold(&e.Addr) + uint32(e.Port)
	if d.LastWeight > 0 {
		turns = max(turns, 1)
	}
	return walker{mhFirst.sum(v) % mhSize, mhSecond.sum(v)%(mhSize-1) + 1, turns}
}
