// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/packet"
	"github.com/ulvs/ulvs/sched"
)

// traffic is counted by one worker, and read between two of its batches.
type traffic = ulvs.Stats

// count adds a packet to its server, its service and the total: in its length
// as it came, out as it goes (both are the same in nat and dr). Of a datagram in
// pieces, only the first counts as a packet: the kernel counts the whole one. For
// a server that was deleted nothing counts, as there.
func (w *worker) count(d *dest, dir conntrack.Dir, p *packet.Packet) {
	if !d.available {
		return
	}
	n, one := uint64(p.L3Len()), uint64(1)
	if p.Frag == packet.Later {
		one = 0
	}
	for _, t := range [...]*traffic{&w.dests[d.num].traffic, &w.services[d.home.num].traffic, &w.total} {
		if dir == conntrack.In {
			t.InPkts += one
			t.InBytes += n
		} else {
			t.OutPkts += one
			t.OutBytes += n
		}
	}
}

// measure tells the scheduler of a server's service what it goes by: how long
// the server took to answer what a client sent, and how many bytes went.
func (w *worker) measure(c *conntrack.Conn, d *dest, dir conntrack.Dir, p *packet.Packet) {
	asks := d.home.asks
	if asks&sched.ByBytes != 0 {
		d.Carried(p.L3Len(), w.now)
	}
	if asks&sched.ByLatency == 0 || p.Frag == packet.Later || !says(p) {
		return
	}
	if asked, ok := w.table.Asked(c, dir, w.now); ok {
		d.Observe(w.now-asked, w.now)
	}
}

// says reports whether a packet has anything to say for which its sender wants,
// or gives, an answer: a SYN, or data.
func says(p *packet.Packet) bool {
	return p.Flow.Proto != packet.ProtoTCP || p.Flags&packet.SYN != 0 || p.End-p.L4 > int(p.Buf[p.L4+12]>>4)*4
}

// countConn adds a connection.
func (w *worker) countConn(d *dest) {
	w.dests[d.num].Conns++
	w.services[d.home.num].Conns++
	w.total.Conns++
}

// zero sets the counters of a service and of servers back.
func (w *worker) zero(s *service, dests []*dest) {
	w.services = grow(w.services, int(s.num)+1)
	w.services[s.num] = meter{}
	for _, d := range dests {
		w.dests[d.num] = meter{}
	}
}

// zeroAll sets all of them back, the total among them.
func (w *worker) zeroAll() {
	clear(w.services)
	clear(w.dests)
	w.total = traffic{}
}

// grow makes room for numbers below n.
func grow(t []meter, n int) []meter {
	for len(t) < n {
		t = append(t, meter{})
	}
	return t
}
