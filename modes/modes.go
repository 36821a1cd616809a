// SPDX-License-Identifier: Apache-2.0

// Package modes lists the ways in which a packet can reach a real server: the
// one table from which the command line, its listings, the documentation and
// the comparison of labs are made. Table prints it.
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

// A Mode is a way to a real server. What its client sends and gets is the same
// in all: client to virtual, and virtual to client.
type Mode struct {
	Name    string // "nat"
	Shown   string // "Masq", as ipvsadm lists it
	Flag    string // "-m", as ipvsadm's command line takes it
	About   string // what becomes of a request, as ipvsadm's help says it
	In      Func   // client to server; nil: the packet is wrapped (tun.Wrap)
	Out     Func   // server to client; never nil
	Asks    Ends   // of a request, as the server gets it, unwrapped
	Answers Ends   // of a reply, as the server sends it

	SeesBack bool // replies pass the director, which translates them
	OnLink   bool // the server must stand on a link of the director's
	Local    bool // a connection needs a local end of its own, which replies are addressed to
}

// Ends are whom a packet is from and to, by the corners of packet.Path.
type Ends struct{ From, To string }

// The corners, as tutorials call them.
const (
	Client  = "CIP"
	Virtual = "VIP"
	Local   = "DIP" // of the director's own: the local end of fullnat, the outer source of tun
	Server  = "RIP"
)

// All are the modes; a connection keeps its mode's index.
var All = [...]Mode{
	{
		Name: "nat", Shown: "Masq", Flag: "-m", About: "the destination changes", In: nat.In, Out: nat.Out,
		Asks: Ends{Client, Server}, Answers: Ends{Server, Client}, SeesBack: true,
	},
	{
		Name: "dr", Shown: "Route", Flag: "-g", About: "the next hop changes", In: dr.In, Out: dr.Out,
		Asks: Ends{Client, Virtual}, Answers: Ends{Virtual, Client}, OnLink: true,
	},
	{
		Name: "tun", Shown: "Tunnel", Flag: "-i", About: "the packet goes inside another", Out: tun.Out,
		Asks: Ends{Client, Virtual}, Answers: Ends{Virtual, Client},
	},
	{
		Name: "fullnat", Shown: "FullNat", Flag: "--fullnat", About: "both ends change", In: fullnat.In, Out: fullnat.Out,
		Asks: Ends{Local, Server}, Answers: Ends{Server, Local}, SeesBack: true, Local: true,
	},
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

// Wraps reports whether requests go inside a packet from Local to Server.
func (m *Mode) Wraps() bool { return m.In == nil }
