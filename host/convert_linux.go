// SPDX-License-Identifier: Apache-2.0

package host

import (
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/ulvs/ulvs/packet"
)

func interfaceFrom(l netlink.Link) Interface {
	a := l.Attrs()
	i := Interface{
		Index:  a.Index,
		Name:   a.Name,
		MTU:    a.MTU,
		Up:     a.Flags&net.FlagUp != 0,
		Ether:  a.EncapType == "ether",
		Master: a.MasterIndex,
	}
	if i.Ether && len(a.HardwareAddr) == len(i.MAC) {
		i.MAC = packet.MAC(a.HardwareAddr)
	}
	return i
}

// takers are the kinds of devices that live on another and take frames from
// it. Others name a device too, but mean something else: a veth its other end,
// a tunnel the interface its packets leave by.
var takers = map[string]bool{
	"vlan": true, "macvlan": true, "macvtap": true, "ipvlan": true, "ipvtap": true, "macsec": true,
}

// setUppers notes on each interface which device lives on it. The interface
// below may be in another namespace, where the same index is somebody else's.
func setUppers(out []Interface, list []netlink.Link) {
	for _, upper := range list {
		a := upper.Attrs()
		if !takers[upper.Type()] || a.NetNsID >= 0 {
			continue
		}
		for i := range out {
			if out[i].Index == a.ParentIndex {
				out[i].Upper = a.Index
			}
		}
	}
}

func addressFrom(a netlink.Addr) (Address, bool) {
	p, ok := netPrefix(a.IPNet)
	if !ok {
		return Address{}, false
	}
	out := Address{IfIndex: a.LinkIndex, Prefix: p}
	out.Avoid = a.Flags&(unix.IFA_F_DEPRECATED|unix.IFA_F_TENTATIVE|unix.IFA_F_DADFAILED) != 0 &&
		a.Flags&unix.IFA_F_OPTIMISTIC == 0
	if peer, ok := netPrefix(a.Peer); ok && peer.Addr() != p.Addr() {
		out.Peer = peer
	}
	return out, true
}

var kindOf = map[int]Kind{
	unix.RTN_UNICAST:     Unicast,
	unix.RTN_LOCAL:       Local,
	unix.RTN_ANYCAST:     Local,
	unix.RTN_BROADCAST:   Broadcast,
	unix.RTN_MULTICAST:   Multicast,
	unix.RTN_UNREACHABLE: Unreachable,
	unix.RTN_PROHIBIT:    Prohibit,
	unix.RTN_BLACKHOLE:   Blackhole,
	unix.RTN_THROW:       Throw,
}

// routeFrom leaves out what a lookup without policy rules never meets: other
// tables, routes for one type of service, and next hops that are dead.
func routeFrom(r *netlink.Route) (RouteEntry, bool) {
	kind, known := kindOf[r.Type]
	local := r.Table == unix.RT_TABLE_LOCAL
	if !known || !local && r.Table != unix.RT_TABLE_MAIN || r.Tos != 0 {
		return RouteEntry{}, false
	}
	dst, ok := destination(r)
	if !ok || !firstHop(r) {
		return RouteEntry{}, false
	}
	return RouteEntry{
		Dst: dst, Local: local, Metric: r.Priority,
		Route: Route{Kind: kind, IfIndex: r.LinkIndex, Gateway: gateway(r), Src: addrFrom(r.Src), MTU: r.MTU},
	}, true
}

// destination is what r leads to: no destination is the default route.
func destination(r *netlink.Route) (netip.Prefix, bool) {
	if r.Dst != nil {
		return netPrefix(r.Dst)
	}
	if r.Family == unix.AF_INET6 {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0), true
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0), true
}

// firstHop gives a route with several next hops the first that lives; false if
// none does.
func firstHop(r *netlink.Route) bool {
	if len(r.MultiPath) == 0 {
		return r.Flags&unix.RTNH_F_DEAD == 0
	}
	for _, h := range r.MultiPath {
		if h.Flags&unix.RTNH_F_DEAD == 0 {
			r.LinkIndex, r.Gw, r.Via = h.LinkIndex, h.Gw, h.Via
			return true
		}
	}
	return false
}

func gateway(r *netlink.Route) packet.Addr {
	if via, ok := r.Via.(*netlink.Via); ok && via != nil {
		return addrFrom(via.Addr)
	}
	return addrFrom(r.Gw)
}

// valid are the states in which the kernel itself would send to the address.
const valid = unix.NUD_REACHABLE | unix.NUD_STALE | unix.NUD_DELAY | unix.NUD_PROBE | unix.NUD_PERMANENT | unix.NUD_NOARP

func neighbourFrom(n *netlink.Neigh) (Neighbour, bool) {
	out := Neighbour{IfIndex: n.LinkIndex, Addr: addrFrom(n.IP), Permanent: n.State&unix.NUD_PERMANENT != 0}
	if n.State&valid == 0 || len(n.HardwareAddr) != len(out.MAC) || out.Addr == (packet.Addr{}) {
		return Neighbour{}, false
	}
	out.MAC = packet.MAC(n.HardwareAddr)
	return out, true
}

// addrFrom is ip as the tables hold it; zero if it is none, or unspecified.
func addrFrom(ip net.IP) packet.Addr {
	a, ok := netip.AddrFromSlice(ip)
	if !ok || a.IsUnspecified() {
		return packet.Addr{}
	}
	return packet.AddrFrom(a)
}

func netPrefix(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	a, ok := netip.AddrFromSlice(n.IP)
	bits, size := n.Mask.Size()
	if size == 32 {
		a = a.Unmap() // the netlink library writes 0.0.0.0/0 in 16 bytes
	}
	return netip.PrefixFrom(a, bits), ok
}
