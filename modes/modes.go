// SPDX-License-Identifier: Apache-2.0

// Package modes lists the ways in which a packet can reach a real server.
//
//	mode    | in: source     | in: destination  | in: besides     | out: source      | out: destination
//	nat     | client         | virtual → server |                 | server → virtual | client
//	dr      | client         | virtual          | next hop server | (not seen)       |
//	tun     | client         | virtual          | outer IP header | (not seen)       |
//	fullnat | client → local | virtual → server |                 | server → virtual | local → client
package modes

import (
	"github.com/ulvs/ulvs/modes/dr"
	"github.com/ulvs/ulvs/modes/fullnat"
	"github.com/ulvs/ulvs/modes/nat"
	"github.com/ulvs/ulvs/modes/tun"
	"github.com/ulvs/ulvs/packet"
)

// A Func rewrites one packet of a connection, in place.
type Func func(*packet.Packet, *packet.Ctx) packet.Drop

// A Mode is a way to a real server.
type Mode struct {
	Name     string // "nat"
	Shown    string // "Masq", as ipvsadm lists it
	Flag     string // "-m", as ipvsadm's command line takes it
	In       Func   // client to server; nil: the packet is wrapped (tun.Wrap)
	Out      Func   // server to client; never nil
	SeesBack bool   // replies pass the director, which translates them
	Local    bool   // a connection needs a local end of its own, which replies are addressed to
}

// All are the modes; a connection keeps its mode's index.
var All = [...]Mode{
	{"nat", "Masq", "-m", nat.In, nat.Out, true, false},
	{"dr", "Route", "-g", dr.In, dr.Out, false, false},
	{"tun", "Tunnel", "-i", nil, tun.Out, false, false},
	{"fullnat", "FullNat", "--fullnat", fullnat.In, fullnat.Out, true, true},
}

// Index is the place of the mode of that name in All.
func Index(name string) (uint8, bool) {
	for i := range All {
		if All[i].Name == name {
			return uint8(i), true
		}
	}
	return 0, false
}
