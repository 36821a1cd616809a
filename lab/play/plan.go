// SPDX-License-Identifier: Apache-2.0

package play

import (
	"fmt"
	"net/netip"

	"github.com/ulvs/ulvs/packet"
)

// The world of all lessons:
//
//	clients                       director                        servers
//	198.51.100.0/24 ─ router ──── eth0         eth1 ──────────── 10.0.0.1 … .9
//	              192.0.2.254     192.0.2.100  10.0.0.100
//	                              192.0.2.1 … .3 (VIPs)
//
// and the same in IPv6: clients anywhere, 2001:db8::/64 on eth0, 2001:db8:a::/64
// on eth1. The director forwards, as in every tutorial, and knows all its
// neighbours for good. A MAC is 02:00 and the last four bytes of an address.

// The ports of the director, by number.
const (
	eth0 = iota // towards clients
	eth1        // towards servers
	ports
)

// portNames are the director's interfaces.
var portNames = [ports]string{"eth0", "eth1"}

// An end is one family of one port of the director.
type end struct {
	port   int
	own    netip.Prefix // the director's address, and its subnet
	vips   []netip.Addr // further addresses of the director's
	router netip.Addr   // a neighbour; of eth0, the way to everywhere else
}

var plan = []end{
	{eth0, netip.MustParsePrefix("192.0.2.100/24"), addrs("192.0.2.", 1, 3), netip.MustParseAddr("192.0.2.254")},
	{eth1, netip.MustParsePrefix("10.0.0.100/24"), nil, netip.MustParseAddr("10.0.0.254")},
	{eth0, netip.MustParsePrefix("2001:db8::100/64"), addrs("2001:db8::", 1, 3), netip.MustParseAddr("2001:db8::fe")},
	{eth1, netip.MustParsePrefix("2001:db8:a::100/64"), nil, netip.MustParseAddr("2001:db8:a::fe")},
}

// servers are how many real servers there are in each family.
const servers = 9

func addrs(prefix string, from, to int) (all []netip.Addr) {
	for i := from; i <= to; i++ {
		all = append(all, netip.MustParseAddr(fmt.Sprint(prefix, i)))
	}
	return all
}

// locals are the director's addresses at this end.
func (e end) locals() []netip.Prefix {
	all := []netip.Prefix{e.own}
	for _, a := range e.vips {
		all = append(all, netip.PrefixFrom(a, e.own.Bits()))
	}
	return all
}

// neighbours are all whom the director can reach directly at this end.
func (e end) neighbours() []netip.Addr {
	all := []netip.Addr{e.router}
	if e.port == eth1 {
		a := e.own.Masked().Addr()
		for range servers {
			a = a.Next()
			all = append(all, a)
		}
	}
	return all
}

// mac is the link address of whoever has this address.
func mac(a netip.Addr) packet.MAC {
	b := a.As16()
	return packet.MAC{2, 0, b[12], b[13], b[14], b[15]}
}

// portMAC is the director's link address at a port.
func portMAC(port int) packet.MAC {
	for _, e := range plan {
		if e.port == port {
			return mac(e.own.Addr())
		}
	}
	return packet.MAC{}
}

// way is where the director sends what is for a, or gets what is from a: the
// neighbour and its port.
func way(a netip.Addr) (hop netip.Addr, port int) {
	for _, e := range plan {
		switch {
		case e.own.Masked().Contains(a):
			return a, e.port
		case e.port == eth0 && e.own.Addr().Is4() == a.Is4():
			hop, port = e.router, e.port
		}
	}
	return hop, port
}
