// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/packet"
)

// traffic is counted by one worker, and read between two of its batches.
type traffic = ulvs.Stats

// count adds a packet to its server, its service and the total: in its length
// as it came, out as it goes (both are the same in nat and dr). The kernel
// counts nothing for a server that was deleted.
func (w *worker) count(d *dest, dir conntrack.Dir, p *packet.Packet) {
	if !d.available.Load() {
		return
	}
	n := uint64(p.L3Len())
	for _, t := range [...]*traffic{&w.dests[d.num], &w.services[d.service], &w.total} {
		if dir == conntrack.In {
			t.InPkts++
			t.InBytes += n
		} else {
			t.OutPkts++
			t.OutBytes += n
		}
	}
}

// countConn adds a connection.
func (w *worker) countConn(d *dest) {
	w.dests[d.num].Conns++
	w.services[d.service].Conns++
	w.total.Conns++
}
