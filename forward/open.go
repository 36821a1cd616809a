// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"net/netip"

	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/modes"
	"github.com/ulvs/ulvs/packet"
	"github.com/ulvs/ulvs/sched"
)

// reuse is the kernel's default of conn_reuse_mode.
const reuse = 1

// ftpData is the port from which the kernel never schedules: active FTP.
const ftpData = 20

// open chooses a server for a packet without a connection and remembers the
// choice. Nil and None: the packet opens nothing.
func (w *worker) open(p *packet.Packet) (*conntrack.Conn, packet.Drop) {
	if !opens(p) {
		return nil, packet.None
	}
	s := w.cfg.service(p.Flow.Proto, p.Flow.Dst)
	if s == nil {
		return nil, packet.None
	}
	if w.martian(&p.Flow.Src.Addr) {
		return nil, packet.Martian
	}
	d := s.pick(sched.Request{Flow: p.Flow, Now: w.now})
	if d == nil {
		w.answerError(p, packet.PortUnreachable)
		return nil, packet.NoServer
	}
	c, why := w.table.Insert(connection(p, d), w.now)
	if why != packet.None {
		return nil, why
	}
	d.Bind(false)
	w.countConn(d)
	return c, packet.None
}

// martian reports whether no packet on a wire can come from an address: the
// host's router drops such packets before its IPVS could see them (RFC 1812
// §5.3.7; martian_source of the kernel).
func (w *worker) martian(a *packet.Addr) bool {
	if ip := a.Netip(); ip.IsLoopback() || ip.IsMulticast() || ip.IsUnspecified() || ip.Is6() && ip.IsLinkLocalUnicast() ||
		ip.Is4() && (a[12] == 0 || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255})) {
		return true
	}
	if w.cfg.held[*a] {
		return true
	}
	r, ok := w.cfg.host.Route(*a)
	return ok && (r.Kind == host.Local || r.Kind == host.Broadcast || r.Kind == host.Multicast)
}

// opens reports whether the packet may open a connection, as ip_vs_schedule
// and the protocols' conn_schedule see it: any datagram, any segment with SYN
// and without RST, but nothing from FTP's data port and no later fragment.
func opens(p *packet.Packet) bool {
	if p.Flow.Src.Port == ftpData || p.Frag == packet.Later {
		return false
	}
	switch p.Flow.Proto {
	case packet.ProtoUDP:
		return true
	case packet.ProtoTCP:
		return p.Flags&packet.SYN != 0 && p.Flags&packet.RST == 0
	}
	return false
}

// connection is the entry for a packet that goes to d.
func connection(p *packet.Packet, d *dest) conntrack.New {
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
	if !modes.All[d.mode].SeesBack {
		n.Flags |= conntrack.NoOutput | conntrack.Untranslated
	}
	return n
}

// renewed reports whether a client opens anew what has ended here: the old
// entry goes, and the packet is scheduled as if there were none (the kernel's
// conn_reuse_mode).
func (w *worker) renewed(c *conntrack.Conn, p *packet.Packet) bool {
	if p.Flow.Proto != packet.ProtoTCP || p.Flags&packet.SYN == 0 || !c.Reusable(reuse) {
		return false
	}
	w.table.ExpireNow(c, w.now)
	return true
}

// release gives back what an entry held of its server, as it expires.
func (w *worker) release(c *conntrack.Conn) {
	w.cfg.dest(c.Owner).Unbind(c.Flags&conntrack.Inactive == 0)
}

// fragment sees to it that a later fragment knows its datagram's ports.
func (w *worker) fragment(p *packet.Packet) packet.Drop {
	switch p.Frag {
	case packet.First:
		w.frags.Remember(p, w.now)
	case packet.Later:
		if w.frags.Recall(p, w.now) {
			return packet.None
		}
		if w.cfg.taken.Takes(p) {
			return packet.FragmentLost
		}
		return packet.NotOurs
	}
	return packet.None
}
