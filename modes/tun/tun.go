// SPDX-License-Identifier: Apache-2.0

// Package tun wraps a client's packet, as it is, into one from the director to
// the real server, which may stand anywhere: routers in between see the outer
// packet only. The server unwraps it, holds the virtual address itself (without
// answering ARP for it), and replies to the client directly.
//
//	| outer IP: director → server | GUE or GRE | inner IP: client → virtual | … |
//
// What the outer header takes from the inner one, so that the path treats the
// packet as its sender wanted:
//
//	TTL      as it is after the director, a router, took one off
//	DSCP     as it is
//	ECN      as it is, but "congested" becomes "capable": that this stretch of
//	         the path is congested, its own routers may say (RFC 3168 §9.1.1)
//	DF       as it is, if path MTU discovery is on; an IPv6 packet may be
//	         fragmented on its way through an IPv4 tunnel
//
// Source: ip_vs_tunnel_xmit and ip_vs_tunnel_xmit_v6 of the kernel's IPVS.
package tun

import "github.com/ulvs/ulvs/packet"

// Wrap puts p, from which the TTL has been taken, into a packet to the real
// server at that address. Super-frames must have been taken apart before (see
// packet.Segment): no device could do it behind the outer header. A director
// without an address of the server's family has no way to it.
func Wrap(p *packet.Packet, server *packet.Addr, w *packet.Wrap) packet.Drop {
	if p.Offload.Kind != packet.GSONone {
		return packet.TooBig
	}
	if w.Source == (packet.Addr{}) || w.Source.Is4() != server.Is4() {
		return packet.NoRoute
	}
	p.Finish() // a device would look for the checksum behind the outer header
	o := packet.Outer{From: w.Source, To: *server, TTL: uint8(p.TTL()), TOS: outside(p.TOS()), ID: w.Segment}
	if o.DF = w.PMTU && p.Is4() && p.DF(); !o.DF {
		o.ID += w.ID // what is never fragmented need not be told apart (RFC 6864)
	}
	return p.Encap(w.Tunnel, &o, p.Flow.GUEPort(w.Seed, w.Ports[0], w.Ports[1]))
}

// Explicit congestion notification, in the low bits of the type of service.
const (
	ecn       = 3
	capable   = 2 // ECT(0)
	congested = 3 // CE
)

// outside is the outer type of service for an inner one.
func outside(tos uint8) uint8 {
	if tos&ecn == congested {
		return tos&^ecn | capable
	}
	return tos
}

// Out leaves a reply that strays through the director as it is.
func Out(*packet.Packet, *packet.Ctx) packet.Drop { return packet.None }
