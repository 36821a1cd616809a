// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/modes"
	"github.com/ulvs/ulvs/packet"
)

// wrapError deals with an ICMP error about a packet that we wrapped: the client
// is told about his own. It reports false if p is about another matter.
func (w *worker) wrapError(p *packet.Packet) (packet.Drop, bool) {
	if !p.ToUs || !w.cfg.host.Local(p.Flow.Dst.Addr) {
		return packet.None, false
	}
	e, ok := p.TunnelError()
	if !ok {
		return packet.None, false
	}
	c, dir := w.table.Lookup(&e.Inner.Flow)
	if c == nil || dir != conntrack.In || !w.wraps(c, &e) {
		return packet.None, false
	}
	if !p.ICMPGood() {
		return packet.BadChecksum, true
	}
	w.count(w.cfg.dest(c.Owner), conntrack.Out, p)
	server := &c.Server.Addr
	if e.Path != 0 {
		w.paths.learn(server, e.Path, w.now)
	} else if !w.limit.allow(&c.Client.Addr, w.now) {
		return packet.None, true
	}
	w.relay(p, &e, server)
	return packet.None, true
}

// wraps reports whether the packets of a connection look as the error says.
func (w *worker) wraps(c *conntrack.Conn, e *packet.TunnelError) bool {
	t := w.cfg.dest(c.Owner).tunnel
	return modes.All[c.Mode].In == nil && c.Server.Addr == e.Server.Addr && t.Kind == e.Kind &&
		(t.Kind != packet.GUE || t.Port == e.Server.Port)
}

// relay tells the client.
func (w *worker) relay(p *packet.Packet, e *packet.TunnelError, server *packet.Addr) {
	path := e.Path
	if way, why := w.find(server); why == packet.None {
		path = w.paths.mtu(server, way.mtu, w.now)
	}
	if a := w.out.Make(); a != nil && e.Relay(a, p, e.Inner.Flow.Dst.Addr, path) {
		w.forwardOn(a)
	}
}
