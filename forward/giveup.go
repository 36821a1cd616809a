// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/modes"
	"github.com/ulvs/ulvs/packet"
)

// giveUp tells the sender of a packet, which waited in vain, that its next hop
// does not answer. A client hears it from the VIP, about the packet that it
// sent: the error goes the way of one from behind the real server (so it does
// with the kernel's IPVS, as was seen on Linux 6.1).
func (w *worker) giveUp(p *packet.Packet) {
	if p.Parse() != packet.None || !packet.MayAnswer(p) || !w.limit.allow(&p.Flow.Src.Addr, w.now) {
		return
	}
	back := p.Flow.Reverse()
	c, dir := w.table.Lookup(&back)
	switch {
	case c == nil && !w.cfg.host.Local(p.Flow.Src.Addr):
		w.sendError(p, packet.HostUnreachable, 0)
	case c != nil && dir == conntrack.Out:
		w.tellClient(c, p)
	}
}

// tellClient sends the client of a connection an error about a packet of its
// own that was rewritten already.
func (w *worker) tellClient(c *conntrack.Conn, p *packet.Packet) {
	a := w.out.Make()
	if a == nil {
		return
	}
	packet.ICMPError(a, p, c.Virtual.Addr, packet.HostUnreachable, 0)
	if a.Parse() != packet.None {
		return
	}
	quote, why := a.Quote()
	if why != packet.None {
		return
	}
	w.ctx.Path, w.ctx.Quote = c.Path, &quote
	if modes.All[c.Mode].Out(a, &w.ctx) == packet.None {
		w.count(w.cfg.dest(c.Owner), conntrack.Out, a)
		w.forwardOn(a)
	}
}
