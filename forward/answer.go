// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/packet"
)

// icmp passes an error on to the end whose packet caused it; all other ICMP is
// the host's, or a stray.
func (w *worker) icmp(p *packet.Packet) packet.Drop {
	if p.IsND() {
		return w.hearND(p)
	}
	if why, ours := w.wrapError(p); ours {
		return why
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
		if c, why = w.related(p, back); why != packet.None {
			return why
		}
	}
	if c == nil {
		return w.stray(p)
	}
	why = packet.BadChecksum
	if p.ICMPGood() {
		w.count(w.cfg.dest(c.Owner), dir, p)
		why = w.deliver(c, dir, p, &w.quote)
	}
	w.finish(c)
	return why
}

// related opens a connection for an error about a packet that a virtual address
// sent and no connection knows, if the sysctl schedule_icmp says so: another
// director may have had it. Flow is as the client's packets would have it.
func (w *worker) related(p *packet.Packet, flow packet.Flow) (*conntrack.Conn, packet.Drop) {
	if w.cfg.sysctls.scheduleICMP == 0 {
		return nil, packet.None
	}
	s := w.cfg.find(&flow, w.cfg.marked(&p.Flow, p.Mark))
	switch {
	case s == nil:
		return nil, packet.None
	case w.defence.sieve.Drops():
		return nil, packet.Sieved
	case flow.Src.Port == ftpData:
		return nil, packet.None
	}
	like := *p // with a payload, no persistence engine could read it
	like.Flow, like.Frag, like.L4 = flow, packet.Whole, p.End
	w.byError = true
	c, why := w.schedule(s, &like)
	w.byError = false
	if why == packet.NoServer && s.asData(&flow) {
		return nil, packet.None
	}
	return c, why
}

// stray deals with a packet of no connection. If the guard leaves it to the
// host, so do we. Otherwise nobody but us sees it: what is addressed to a
// virtual service we answer as the host's own stack would, where the kernel's
// IPVS lets the packet pass to it; the rest we route as the host would.
func (w *worker) stray(p *packet.Packet) packet.Drop {
	switch {
	case !p.ToUs || !w.queued && !w.cfg.taken.Takes(p) || w.queued && !w.cfg.held[p.Flow.Dst.Addr]:
		return packet.NotOurs
	case w.tells(p):
		return w.tell(p)
	case w.cfg.held[p.Flow.Dst.Addr] || w.cfg.host.Local(p.Flow.Dst.Addr):
		return w.refuse(p)
	}
	return w.route(p)
}

// tells reports whether a real server is to be told that nobody knows the
// connection it replies to (the sysctl nat_icmp_send).
func (w *worker) tells(p *packet.Packet) bool {
	if w.cfg.sysctls.natICMPSend == 0 || p.Frag == packet.Later || p.Chunk == packet.ChunkAbort ||
		p.Flow.Proto == packet.ProtoTCP && p.Flags&packet.RST != 0 {
		return false
	}
	return w.cfg.masq[virtual{p.Flow.Proto, p.Flow.Src}] || w.cfg.masq[virtual{0, p.Flow.Src}]
}

// tell tells it. The kernel notices when it has passed the packet on already, but
// for sending it.
func (w *worker) tell(p *packet.Packet) packet.Drop {
	if !w.cfg.ports[p.Port].routes(p) {
		return packet.NotForwarding
	}
	if why := p.DecTTL(); why != packet.None {
		w.answerError(p, packet.TimeExceeded)
		return why
	}
	w.answerError(p, packet.PortUnreachable)
	return packet.NoConn
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
			w.revive(a)
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

// revive lets a connection live that has just been ended, for a packet that
// opened no other: the host's answer is a packet of it, where replies are not
// translated.
func (w *worker) revive(a *packet.Packet) {
	c, dir := w.table.Lookup(&a.Flow)
	if c == nil || dir != conntrack.Out {
		return
	}
	a.Flags = packet.RST
	w.table.Revive(c)
	w.note(c, w.cfg.dest(c.Owner), conntrack.Out, a)
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
	if w.about != nil { // the kernel's IPVS sees the answer leave, and knows whose it is
		w.count(w.cfg.dest(w.about.Owner), conntrack.Out, a)
	}
	w.forwardOn(a)
}
