// SPDX-License-Identifier: Apache-2.0

package host

import (
	"net/netip"

	"github.com/ulvs/ulvs/packet"
)

// Facts are what a Snapshot is built from: the kernel's tables, or a lesson's.
type Facts struct {
	Interfaces []Interface
	Addrs      []Address
	Routes     []RouteEntry
	Neighbours []Neighbour
	Ephemeral  PortRange // what the host's own connections come from: net.ipv4.ip_local_port_range
}

// An Interface is a network device.
type Interface struct {
	Index       int
	Name        string
	MAC         packet.MAC // zero if it is not Ethernet
	MTU         int        // bytes of an IP packet
	Up          bool       // the administrator wants it up
	Ether       bool       // frames are Ethernet; loopback's are not
	Master      int        // index of the bridge or bond it belongs to; 0: none
	Upper       int        // index of a device that lives on top of it (VLAN, macvlan, …); 0: none
	Forwarding4 bool       // the kernel forwards IPv4 packets that arrive here
	Forwarding6 bool       // the kernel forwards IPv6 packets that arrive here
}

// An Address is an address of the host.
type Address struct {
	IfIndex int
	Prefix  netip.Prefix // the address, and how many bits its subnet has
	Peer    netip.Prefix // the other end of a point-to-point address; zero: none
	Avoid   bool         // not to speak from: deprecated, tentative, or a duplicate
}

// A RouteEntry is one line of a routing table.
type RouteEntry struct {
	Dst    netip.Prefix // what it leads to; zero bits: the default route
	Local  bool         // of table local, which is asked before table main
	Metric int          // among equal destinations the lowest wins, then the first
	Route
}

// A Route is the way to a destination.
type Route struct {
	Kind    Kind
	IfIndex int         // where it leaves; 0 for kinds that leave nowhere
	Gateway packet.Addr // the next hop, of either family; zero: the destination itself is on the link
	Src     packet.Addr // the source the administrator prefers; zero: no preference
	MTU     int         // the route's, else the interface's; 0: unknown
}

// A Kind is what a route does with a packet.
type Kind uint8

// The kinds. Only Unicast leads out of the host. Throw ends the search in its
// table; no lookup answers it.
const (
	Unicast Kind = iota
	Local
	Broadcast
	Multicast
	Unreachable
	Prohibit
	Blackhole
	Throw
)

var kinds = [...]string{"unicast", "local", "broadcast", "multicast", "unreachable", "prohibit", "blackhole", "throw"}

// String is the kind as ip route writes it.
func (k Kind) String() string {
	if int(k) < len(kinds) {
		return kinds[k]
	}
	return "unknown"
}

// A Neighbour is a link-level address that the kernel holds to be valid.
type Neighbour struct {
	IfIndex   int
	Addr      packet.Addr
	MAC       packet.MAC
	Permanent bool // set by the administrator; never asked for again
}
