// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"net/netip"

	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
)

// opens reports whether the packet may open a connection, as the protocols'
// conn_schedule see it: any datagram; a segment with SYN, an association with
// INIT, or any if the sysctls are sloppy; nothing that ends one, and no later
// fragment.
func (w *worker) opens(p *packet.Packet) bool {
	if p.Frag == packet.Later {
		return false
	}
	switch p.Flow.Proto {
	case packet.ProtoUDP:
		return true
	case packet.ProtoTCP:
		return p.Flags&packet.RST == 0 && (p.Flags&packet.SYN != 0 || w.cfg.sysctls.sloppyTCP != 0)
	case packet.ProtoSCTP:
		return p.Chunk != packet.ChunkAbort && (p.Chunk == packet.ChunkInit || w.cfg.sysctls.sloppySCTP != 0)
	}
	return false
}

// begins reports whether a packet begins a connection anew where there is one:
// SYN,ACK does so too, as in the kernel.
func begins(p *packet.Packet) bool {
	return p.Frag != packet.Later &&
		(p.Flow.Proto == packet.ProtoTCP && p.Flags&packet.SYN != 0 || p.Chunk == packet.ChunkInit)
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
