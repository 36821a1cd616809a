// SPDX-License-Identifier: Apache-2.0

// Package fullnat changes both sides of a packet, in both directions: to the
// real server a connection comes from an address of the director's, to the
// client from the virtual service. So replies come home by themselves, and a
// server may stand in any subnet and needs no route to the client. The price:
// it does not see who the client is.
//
//	client → virtual    becomes    local → server
//	server → local      becomes    virtual → client
//
// The local end, an address and a port, is the connection's own: the engine
// finds it when the connection opens.
//
// Source: the FULLNAT of Alibaba's LVS and of DPVS, as their papers and
// documents describe it; the kernel's IPVS has none.
package fullnat

import "github.com/ulvs/ulvs/packet"

// In sends a client's packet to the real server, from the local end. An ICMP
// error comes from there too, whichever router sent it: the server may know no
// way to that router, and take its address for a forged one.
func In(p *packet.Packet, c *packet.Ctx) packet.Drop {
	if c.Quote != nil {
		p.SetQuoteSrc(c.Quote, c.Path.Server)
		p.SetQuoteDst(c.Quote, c.Path.Local)
	}
	p.FillUDP() // as nat does
	p.SetSrc(c.Path.Local)
	p.SetDst(c.Path.Server)
	return packet.None
}

// Out makes a server's reply come from the virtual service, and go to the
// client.
func Out(p *packet.Packet, c *packet.Ctx) packet.Drop {
	if c.Quote != nil {
		p.SetQuoteDst(c.Quote, c.Path.Virtual)
		p.SetQuoteSrc(c.Quote, c.Path.Client)
	}
	p.FillUDP()
	p.SetSrc(c.Path.Virtual)
	p.SetDst(c.Path.Client)
	return packet.None
}
