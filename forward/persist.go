// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"encoding/binary"

	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/packet"
)

// Persistence (ip_vs_sched_persist of the kernel). A template remembers that a
// client's network goes to a server:
//
//	service          who shares it                      key: protocol, client's network, virtual, for server
//	one port         connections to that port           the packet's, …, VIP:port, server's port
//	all ports, FTP   connections to any port of the VIP the packet's, …, VIP:0, 0
//	a mark           whatever bears the mark            none, …, the mark as an address, 0

// lead is the server of a persistent service for a packet: that of the client's
// template, or of a new one. No server is not an error: nobody can take it.
func (w *worker) lead(s *service, p *packet.Packet) (*conntrack.Conn, *dest, packet.Drop) {
	call, why := s.call(p)
	if why != packet.None {
		return nil, nil, why
	}
	n := template(s, &p.Flow)
	t := w.table.Template(&n, call)
	if t != nil {
		if d := w.cfg.dest(t.Owner); w.leads(d) {
			return t, d, packet.None
		}
		w.table.Invalidate(t)
	}
	d := s.pick(&p.Flow, w.byError, w.now)
	if d == nil {
		return nil, nil, packet.None
	}
	t, why = w.remember(s, n, d, call)
	return t, d, why
}

// remember makes a template that leads to a server.
func (w *worker) remember(s *service, n conntrack.New, d *dest, call []byte) (*conntrack.Conn, packet.Drop) {
	n.Server.Addr, n.Owner, n.Mode, n.Timeout = packet.AddrFrom(d.Addr.Addr()), d.num, d.mode, s.how.persist
	if n.Virtual.Port != 0 {
		n.Server.Port = d.Addr.Port()
	}
	if len(call) > 0 && !w.table.RoomForCalls() {
		return nil, packet.TableFull
	}
	t, why := w.table.Insert(n, w.now)
	if why != packet.None {
		return nil, why
	}
	w.table.Recall(t, call)
	d.BindTemplate()
	return t, packet.None
}

// leads reports whether clients may still be led to a server: neither its
// weight matters nor its thresholds, unless a sysctl says so.
func (w *worker) leads(d *dest) bool {
	return d.available && (d.Weight != 0 || w.cfg.sysctls.expireQuiescentTemplate == 0)
}

// template is the key of the template for a flow from a client, as an entry to
// be.
func template(s *service, f *packet.Flow) (n conntrack.New) {
	n.Flags = conntrack.Template
	n.Proto = f.Proto
	n.Client.Addr = masked(f.Src.Addr, s.how.mask)
	n.Virtual.Addr = f.Dst.Addr
	switch {
	case f.Dst.Port == s.Addr.Port():
		if f.Dst.Port != ftp {
			n.Virtual.Port = f.Dst.Port
		}
	case s.Mark != 0:
		n.Proto, n.Virtual.Addr = 0, markAddr(s.Mark, f.Dst.Addr.Is4())
	}
	n.Local = n.Client
	return n
}

// call is what the service's persistence engine goes by; nothing without one.
func (s *service) call(p *packet.Packet) ([]byte, packet.Drop) {
	if !s.how.sip {
		return nil, packet.None
	}
	call := callID(p)
	if call == nil {
		return nil, packet.NoCall
	}
	return call, packet.None
}

// initiated opens a connection that a real server begins: a datagram from a
// server of a service with the engine "sip" goes out as from the service
// (ip_vs_new_conn_out). Nil and None: this is none.
func (w *worker) initiated(p *packet.Packet) (*conntrack.Conn, packet.Drop) {
	d := w.cfg.callers[p.Flow.Src]
	if d == nil || p.Flow.Proto != packet.ProtoUDP || p.Frag == packet.Later {
		return nil, packet.None
	}
	s := d.home
	f := packet.Flow{Src: p.Flow.Dst, Dst: packet.EndpointFrom(s.Addr), Proto: p.Flow.Proto}
	var t *conntrack.Conn
	if s.how.persist > 0 {
		call, why := s.call(p)
		if why != packet.None {
			return nil, why
		}
		n := template(s, &f)
		if t = w.table.Template(&n, call); t != nil && (t.Owner != d.num || !w.leads(d)) {
			w.table.Invalidate(t)
			t = nil
		}
		if t == nil {
			if t, why = w.remember(s, n, d, call); why != packet.None {
				return nil, why
			}
		}
	}
	return w.begun(conntrack.New{
		Path:  packet.Path{Client: f.Src, Virtual: f.Dst, Local: f.Src, Server: p.Flow.Src},
		Proto: f.Proto, Mode: d.mode, Owner: d.num,
	}, s, t, d)
}

// markAddr is a mark in an address's place, where the kernel puts it.
func markAddr(mark uint32, is4 bool) (a packet.Addr) {
	if is4 {
		a[10], a[11] = 0xff, 0xff
		binary.BigEndian.PutUint32(a[12:], mark)
		return a
	}
	binary.BigEndian.PutUint32(a[:4], mark)
	return a
}
