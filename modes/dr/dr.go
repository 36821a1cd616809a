// SPDX-License-Identifier: Apache-2.0

// Package dr sends a client's packet to the real server as it is: only the
// next hop changes. The server holds the virtual address too (without
// answering ARP for it), and replies to the client by itself.
//
// Source: ip_vs_dr_xmit of the kernel's IPVS.
package dr

import "github.com/ulvs/ulvs/packet"

// In gives the packet another next hop: the real server.
func In(p *packet.Packet, c *packet.Ctx) packet.Drop {
	p.Hop = c.Path.Server.Addr
	return packet.None
}

// Out leaves a reply that strays through the director as it is.
func Out(*packet.Packet, *packet.Ctx) packet.Drop { return packet.None }
