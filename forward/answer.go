// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"github.com/ulvs/ulvs/packet"
)

// icmp passes an error on to the end whose packet caused it; all other ICMP is
// the host's, or a stray.
func (w *worker) icmp(p *packet.Packet) packet.Drop {
	if p.IsND() {
		return w.hearND(p)
	}
	if !p.ToUs || !w.cfg.serves(&p.Flow.Src.Addr) {
		return packet.NotOurs
	}
	if !p.Related() {
		return w.stray(p)
	}
	var why packet.Drop
	if w.quote, why = p.Quote(); why != packet.None {
		return w.stray(p)
	}
	back := w.quote.Flow.Reverse()
	c, dir := w.table.Lookup(&back)
	if c == nil {
		return w.stray(p)
	}
	if !p.ICMPGood() {
		return packet.BadChecksum
	}
	w.count(w.cfg.dest(c.Owner), dir, p)
	return w.deliver(c, dir, p, &w.quote)
}

// stray deals with a packet of no connection. If the guard leaves it to the
// host, so do we. Otherwise nobody but us sees it: what is addressed to a
// virtual service we answer as the host's own stack would, where the kernel's
// IPVS lets the packet pass to it; the rest we route as the host would.
func (w *worker) stray(p *packet.Packet) packet.Drop {
	switch {
	case !p.ToUs || !w.cfg.taken.Takes(p):
		return packet.NotOurs
	case w.cfg.held[p.Flow.Dst.Addr] || w.cfg.host.Local(p.Flow.Dst.Addr):
		return w.refuse(p)
	}
	return w.route(p)
}

// refuse answers a stray packet to a virtual address.
func (w *worker) refuse(p *packet.Packet) packet.Drop {
	switch {
	case w.martian(&p.Flow.Src.Addr):
		return packet.Martian
	case !packet.MayAnswer(p):
	case !p.Sound():
		return packet.BadChecksum
	case p.Flow.Proto == packet.ProtoTCP && p.Flags&packet.RST == 0:
		if a := w.out.Make(); a != nil {
			packet.TCPReset(a, p)
			w.forwardOn(a)
		}
	case p.Flow.Proto == packet.ProtoUDP:
		w.answerError(p, packet.PortUnreachable)
	case p.IsEcho():
		if a := w.out.Make(); a != nil {
			packet.EchoReply(a, p)
			w.forwardOn(a)
		}
		return packet.None
	}
	return packet.Stray
}

// answerError tells the sender of p that it went no further.
func (w *worker) answerError(p *packet.Packet, e packet.Error) {
	if packet.MayAnswer(p) && w.limit.allow(&p.Flow.Src.Addr, w.now) {
		w.sendError(p, e, 0)
	}
}

// answerTooBig tells the sender which length would pass; the kernel does not
// limit these.
func (w *worker) answerTooBig(p *packet.Packet, mtu int) {
	if packet.MayAnswer(p) {
		w.sendError(p, packet.TooLong, mtu)
	}
}

func (w *worker) sendError(p *packet.Packet, e packet.Error, mtu int) {
	a := w.out.Make()
	if a == nil {
		return
	}
	from := p.Flow.Dst.Addr
	if !w.cfg.held[from] && !w.cfg.host.Local(from) {
		from = w.cfg.host.Source(w.cfg.ports[p.Port].index, p.Flow.Src.Addr)
	}
	packet.ICMPError(a, p, from, e, mtu)
	w.forwardOn(a)
}
