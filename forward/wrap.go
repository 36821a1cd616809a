// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/modes/tun"
	"github.com/ulvs/ulvs/packet"
)

// sourcePorts are where GUE's source ports are taken from: where the host's own
// connections come from, or what is usual there.
func (w *worker) sourcePorts() [2]uint16 {
	if first, last := w.cfg.host.Ephemeral(); first <= last {
		return [2]uint16{first, last}
	}
	return [2]uint16{32768, 60999}
}

// wrap sends a client's packet to its real server inside another. How is read
// from the server at each packet, so that an edit is heard by old connections.
func (w *worker) wrap(c *conntrack.Conn, p *packet.Packet, relayed bool) packet.Drop {
	server := &c.Server.Addr
	way, why := w.find(server)
	if why == packet.NoRoute {
		w.answerError(p, packet.HostUnreachable)
	}
	if why != packet.None {
		return why
	}
	t := w.cfg.dest(c.Owner).tunnel
	inner, outer := *way, *way
	outer.mtu = w.paths.mtu(server, way.mtu, w.now)
	var ok bool
	if inner.mtu, ok = t.MTU(outer.mtu, server.Is4()); !ok {
		return packet.TooBig
	}
	discover := w.cfg.sysctls.pmtuDisc != 0
	if why := w.mayGo(p, &inner, relayed || !discover && p.Is4()); why != packet.None {
		return why
	}
	how := packet.Wrap{
		Tunnel: t, Source: outer.source, PMTU: discover,
		Seed: w.limit.seed, Ports: w.sourcePorts(),
	}
	if p.Offload.Kind == packet.GSONone {
		how.ID = w.outerIDs(1)
		return w.wrapOne(p, server, &how, &outer)
	}
	return w.wrapEach(p, server, &how, &outer, inner.mtu)
}

// outerIDs is the first of n identifications that no other packet has.
func (w *worker) outerIDs(n int) uint16 {
	w.outerID += uint16(n)
	return w.outerID - uint16(n)
}

// wrapOne wraps and sends a packet.
func (w *worker) wrapOne(p *packet.Packet, server *packet.Addr, how *packet.Wrap, v *way) packet.Drop {
	if why := tun.Wrap(p, server, how); why != packet.None {
		return why
	}
	return w.send(p, v)
}

// wrapEach takes a super-frame apart: no device could, behind an outer header.
// A stream that may be cut smaller is, where that saves fragments.
func (w *worker) wrapEach(p *packet.Packet, server *packet.Addr, how *packet.Wrap, v *way, mtu int) packet.Drop {
	if over := p.SegLen() - mtu; over > 0 && p.Offload.Kind != packet.GSOUDP && int(p.Offload.Seg) > over {
		p.Offload.Seg -= uint16(over)
	}
	n := p.Segments()
	if n == 0 {
		return packet.BadHeader
	}
	how.ID = w.outerIDs(n)
	for i := range n {
		how.Segment = uint16(i)
		if !w.out.Ready(v.port) { // what is in it may go: frames of the batch are not touched again
			w.flush()
		}
		s := w.out.Make()
		if s == nil || !s.Segment(p, i) {
			return packet.OutboxFull
		}
		s.Port, s.ToUs = p.Port, true
		if why := w.wrapOne(s, server, how, v); why != packet.None {
			return why
		}
	}
	return packet.None
}
