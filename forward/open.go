// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/modes"
	"github.com/ulvs/ulvs/packet"
)

// open chooses a server for a packet without a connection and remembers the
// choice. Nil and None: the packet opens nothing.
func (w *worker) open(p *packet.Packet) (*conntrack.Conn, packet.Drop) {
	if !w.opens(p) {
		return nil, packet.None
	}
	s := w.cfg.find(&p.Flow, w.cfg.marked(&p.Flow, p.Mark))
	switch {
	case s == nil:
		return nil, packet.None
	case w.defence.sieve.Drops():
		return nil, packet.Sieved
	case p.Flow.Src.Port == ftpData:
		return nil, packet.None
	}
	if w.martian(&p.Flow.Src.Addr) {
		return nil, packet.Martian
	}
	c, why := w.schedule(s, p)
	if why == packet.NoServer {
		return w.leave(s, p)
	}
	if s.Mark != 0 && c != nil {
		w.meet(c)
	}
	return c, why
}

// schedule chooses a server of a service for a packet (ip_vs_schedule).
func (w *worker) schedule(s *service, p *packet.Packet) (*conntrack.Conn, packet.Drop) {
	var t *conntrack.Conn
	var d *dest
	switch {
	case s.how.persist > 0:
		var why packet.Drop
		if t, d, why = w.lead(s, p); why != packet.None {
			return nil, why
		}
	case s.Mark == 0 && p.Flow.Dst.Port != s.Addr.Port():
		// All ports, or FTP's data: nothing but a template could say which server.
	default:
		d = s.pick(&p.Flow, w.byError, w.now)
	}
	if d == nil {
		return nil, packet.NoServer
	}
	n := connection(s, p, d)
	if why := w.borrow(&n, d); why != packet.None {
		return nil, why
	}
	return w.begun(n, s, t, d)
}

// leave is what becomes of a packet whose service has no server for it
// (ip_vs_leave). Its sender is told; but what came to FTP's service only as its
// data may be the host's, and what was on its way to somebody else, and only its
// mark brought it here, may go there (cache_bypass).
func (w *worker) leave(s *service, p *packet.Packet) (*conntrack.Conn, packet.Drop) {
	switch {
	case s.Mark != 0 && w.cfg.sysctls.cacheBypass != 0 && w.elsewhere(&p.Flow.Dst.Addr):
		return w.enter(conntrack.New{
			Path:  packet.Path{Client: p.Flow.Src, Virtual: p.Flow.Dst, Local: p.Flow.Src, Server: p.Flow.Dst},
			Proto: p.Flow.Proto, Mode: bypass, Owner: nobody,
			Flags: conntrack.Untranslated,
		}, s, w.cfg.none)
	case s.asData(&p.Flow):
		return nil, packet.None
	}
	w.answerError(p, packet.PortUnreachable)
	return nil, packet.NoServer
}

// asData reports whether a flow came to FTP's service as its data.
func (s *service) asData(f *packet.Flow) bool {
	return s.Mark == 0 && s.Addr.Port() == ftp && f.Dst.Port != ftp
}

// elsewhere reports whether an address is one machine's, and not the director's.
func (w *worker) elsewhere(a *packet.Addr) bool {
	r, ok := w.cfg.host.Route(*a)
	return ok && r.Kind == host.Unicast && !w.cfg.held[*a]
}

// begun remembers a choice, under the template that led to it, if any did.
func (w *worker) begun(n conntrack.New, s *service, t *conntrack.Conn, d *dest) (*conntrack.Conn, packet.Drop) {
	if t != nil {
		w.table.Touch(t, w.now)
	}
	c, why := w.enter(n, s, d)
	if why != packet.None {
		return nil, why
	}
	if t != nil && c != &w.one {
		w.table.Adopt(t, c)
	}
	w.countConn(d)
	return c, packet.None
}

// enter makes an entry, or, for a single packet, what looks like one until
// finish.
func (w *worker) enter(n conntrack.New, s *service, d *dest) (*conntrack.Conn, packet.Drop) {
	c := &w.one
	if s.how.onePacket && n.Proto == packet.ProtoUDP {
		w.one = conntrack.Conn{Path: n.Path, Proto: n.Proto, Mode: n.Mode, Owner: n.Owner,
			State: conntrack.UDP, Flags: n.Flags | conntrack.OnePacket | conntrack.Inactive}
		w.giveBack(&n.Path, n.Proto, n.Mode, d) // an answer is not expected
	} else {
		var why packet.Drop
		if c, why = w.table.Insert(n, w.now); why != packet.None {
			w.giveBack(&n.Path, n.Proto, n.Mode, d)
			return nil, why
		}
	}
	d.Bind(false)
	return c, packet.None
}

// finish ends what enter made for a single packet.
func (w *worker) finish(c *conntrack.Conn) {
	if c == &w.one {
		w.cfg.dest(c.Owner).Unbind(false)
	}
}

// connection is the entry for a packet that goes to d.
func connection(s *service, p *packet.Packet, d *dest) conntrack.New {
	n := conntrack.New{
		Path: packet.Path{
			Client:  p.Flow.Src,
			Virtual: p.Flow.Dst,
			Local:   p.Flow.Src,
			Server:  packet.EndpointFrom(d.Addr),
		},
		Proto: p.Flow.Proto,
		Mode:  d.mode,
		Owner: d.num,
	}
	if n.Server.Port == 0 || s.how.persist > 0 && p.Flow.Dst.Port != s.Addr.Port() {
		n.Server.Port = p.Flow.Dst.Port
	}
	if !modes.All[d.mode].SeesBack {
		n.Flags |= conntrack.NoOutput | conntrack.Untranslated
	}
	return n
}
