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
	n, call, why := template(s, p)
	if why != packet.None {
		return nil, nil, why
	}
	t := w.table.Template(&n, call)
	if t != nil {
		if d := w.cfg.dest(t.Owner); w.leads(d) {
			return t, d, packet.None
		}
		w.table.Invalidate(t)
	}
	d := s.pick(&p.Flow, w.now)
	if d == nil {
		return nil, nil, packet.None
	}
	n.Server.Addr, n.Owner, n.Mode, n.Timeout = packet.AddrFrom(d.Addr.Addr()), d.num, d.mode, s.how.persist
	if n.Virtual.Port != 0 {
		n.Server.Port = d.Addr.Port()
	}
	if t, why = w.table.Insert(n, w.now); why != packet.None {
		return nil, nil, why
	}
	w.table.Recall(t, call)
	d.BindTemplate()
	return t, d, packet.None
}

// leads reports whether clients may still be led to a server: neither its
// weight matters nor its thresholds, unless a sysctl says so.
func (w *worker) leads(d *dest) bool {
	return d.available && (d.Weight != 0 || w.cfg.sysctls.expireQuiescentTemplate == 0)
}

// template is the key of a packet's template, as an entry to be, and what the
// persistence engine goes by.
func template(s *service, p *packet.Packet) (n conntrack.New, call []byte, why packet.Drop) {
	n.Flags = conntrack.Template
	n.Proto = p.Flow.Proto
	n.Client.Addr = masked(p.Flow.Src.Addr, s.how.mask)
	n.Virtual.Addr = p.Flow.Dst.Addr
	switch {
	case p.Flow.Dst.Port == s.Addr.Port():
		if p.Flow.Dst.Port != ftp {
			n.Virtual.Port = p.Flow.Dst.Port
		}
	case s.Mark != 0:
		n.Proto, n.Virtual.Addr = 0, markAddr(s.Mark, p.Is4())
	}
	if s.how.sip {
		if call = callID(p); call == nil {
			return n, nil, packet.NoCall
		}
	}
	n.Local = n.Client
	return n, call, packet.None
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
