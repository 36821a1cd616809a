// SPDX-License-Identifier: Apache-2.0

// Package nat changes the server's side of a packet, in both directions, so
// that the client sees only the virtual service. Replies must come back
// through the director: make it the servers' default gateway.
//
// Source: ip_vs_nat_xmit and ip_vs_nat_icmp of the kernel's IPVS.
package nat

import "github.com/ulvs/ulvs/packet"

// In sends a client's packet to the real server.
func In(p *packet.Packet, c *packet.Ctx) packet.Drop {
	if c.Quote != nil {
		p.SetQuoteSrc(c.Quote, c.Path.Server)
	}
	p.FillUDP() // the kernel gives a datagram without checksum one on its way through
	p.SetDst(c.Path.Server)
	return packet.None
}

// Out makes a server's reply come from the virtual service.
func Out(p *packet.Packet, c *packet.Ctx) packet.Drop {
	if c.Quote != nil {
		p.SetQuoteDst(c.Quote, c.Path.Virtual)
	}
	p.FillUDP()
	p.SetSrc(c.Path.Virtual)
	return packet.None
}
