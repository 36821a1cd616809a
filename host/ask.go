// SPDX-License-Identifier: Apache-2.0

package host

import (
	"net/netip"

	"github.com/ulvs/ulvs/packet"
)

// Route is the way to dst; false if there is none. Of several next hops of one
// route it is always the first. Link-local destinations exist once per
// interface: for those ask OnLink and Neighbour, with the interface.
func (s *Snapshot) Route(dst packet.Addr) (Route, bool) {
	if isMulticast(&dst) {
		return Route{Kind: Multicast}, true
	}
	if r, ok := s.local.find(dst); ok {
		return r, true
	}
	return s.main.find(dst)
}

// Local reports whether the kernel takes packets to a for its own: an address
// of any interface, or of a local route.
func (s *Snapshot) Local(a packet.Addr) bool {
	if _, ok := s.own[a]; ok {
		return true
	}
	r, ok := s.local.find(a)
	return ok && r.Kind == Local
}

// Locals are the addresses of all interfaces, in the kernel's order.
func (s *Snapshot) Locals() []netip.Addr {
	out := make([]netip.Addr, len(s.addrs))
	for i, a := range s.addrs {
		out[i] = a.Prefix.Addr()
	}
	return out
}

// Ephemeral are the ports that the host's own connections come from, first and
// last; last below first: unknown, or none.
func (s *Snapshot) Ephemeral() (first, last uint16) {
	if s.ephemeral == (PortRange{}) {
		return 1, 0
	}
	return s.ephemeral.First, s.ephemeral.Last
}

// OnLink reports whether a subnet of the interface holds a.
func (s *Snapshot) OnLink(ifindex int, a packet.Addr) bool {
	for _, n := range s.nets[ifindex] {
		if n.net.contains(a) {
			return true
		}
	}
	return false
}

// Source is the address of ours to speak from on the interface: in the subnet
// that holds dst if there is one, else another of the interface, else, for
// IPv4, any of the host. It is of dst's family, link-local only if dst is or
// nothing else exists; zero if there is none.
func (s *Snapshot) Source(ifindex int, dst packet.Addr) packet.Addr {
	best, rank := packet.Addr{}, 0
	for _, n := range s.nets[ifindex] {
		if r := n.rank(&dst); r > rank {
			best, rank = n.addr, r
		}
	}
	if rank == 0 && dst.Is4() {
		best = s.anyOther(ifindex)
	}
	return best
}

// rank is how well the subnet's address suits as a source towards dst; 0: not
// at all.
func (n *subnet) rank(dst *packet.Addr) int {
	switch {
	case family(&n.addr) != family(dst) || n.avoid:
		return 0
	case n.net.contains(*dst):
		return 3
	case isLinkLocal(&n.addr) == isLinkLocal(dst):
		return 2
	}
	return 1
}

// anyOther is the first IPv4 address of another interface that others can
// reach.
func (s *Snapshot) anyOther(ifindex int) packet.Addr {
	for i := range s.addrs {
		a := &s.addrs[i]
		ip := a.Prefix.Addr()
		if a.IfIndex != ifindex && ip.Is4() && !ip.IsLoopback() && !ip.IsLinkLocalUnicast() && !a.Avoid {
			return packet.AddrFrom(ip)
		}
	}
	return packet.Addr{}
}

// Neighbour is the link-level address of a on the interface, if the kernel
// holds a valid one.
func (s *Snapshot) Neighbour(ifindex int, a packet.Addr) (packet.MAC, bool) {
	n, ok := s.neighbours[hop{ifindex, a}]
	return n.MAC, ok
}

// Permanent reports whether the administrator set the neighbour by hand: then
// it is never asked for.
func (s *Snapshot) Permanent(ifindex int, a packet.Addr) bool {
	return s.neighbours[hop{ifindex, a}].Permanent
}

func isMulticast(a *packet.Addr) bool {
	if a.Is4() {
		return a[12]&0xf0 == 0xe0
	}
	return a[0] == 0xff
}

func isLinkLocal(a *packet.Addr) bool {
	if a.Is4() {
		return a[12] == 169 && a[13] == 254
	}
	return a[0] == 0xfe && a[1]&0xc0 == 0x80
}
