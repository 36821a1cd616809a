// SPDX-License-Identifier: Apache-2.0

package host

import (
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"github.com/ulvs/ulvs/packet"
)

func addr(s string) packet.Addr {
	if s == "" {
		return packet.Addr{}
	}
	return packet.AddrFrom(netip.MustParseAddr(s))
}

func route(dst string, r Route, metric int) RouteEntry {
	return RouteEntry{Dst: netip.MustParsePrefix(dst), Metric: metric, Route: r}
}

func address(ifindex int, prefix string) Address {
	return Address{IfIndex: ifindex, Prefix: netip.MustParsePrefix(prefix)}
}

// director is a host with two Ethernet ports, a bond of two more, a VLAN, and
// a tunnel:
//
//	clients -- eth0 (2) [host] eth1 (3) -- servers
func director() Facts {
	return Facts{
		Interfaces: []Interface{
			{Index: 1, Name: "lo", Up: true, MTU: 65536},
			{Index: 2, Name: "eth0", Up: true, Ether: true, MTU: 1500},
			{Index: 3, Name: "eth1", Up: true, Ether: true, MTU: 9000},
			{Index: 4, Name: "eth2", Up: true, Ether: true, Master: 6},
			{Index: 5, Name: "eth3", Up: true, Ether: true, Upper: 7},
			{Index: 6, Name: "bond0", Up: true, Ether: true},
			{Index: 7, Name: "eth3.5", Up: true, Ether: true},
			{Index: 8, Name: "eth4", Ether: true},
			{Index: 9, Name: "tun0", Up: true},
		},
		Addrs: []Address{
			address(1, "127.0.0.1/8"),
			address(2, "192.0.2.1/24"),
			address(2, "2001:db8:1::1/64"),
			address(2, "fe80::2/64"),
			address(3, "10.0.0.1/24"),
			address(3, "10.0.1.1/24"),
			address(3, "fe80::3/64"),
			{IfIndex: 9, Prefix: netip.MustParsePrefix("172.16.0.1/32"), Peer: netip.MustParsePrefix("172.16.0.2/32")},
		},
		Routes: []RouteEntry{
			{Dst: netip.MustParsePrefix("127.0.0.0/8"), Local: true, Route: Route{Kind: Local, IfIndex: 1}},
			{Dst: netip.MustParsePrefix("10.0.0.255/32"), Local: true, Route: Route{Kind: Broadcast, IfIndex: 3}},
			route("0.0.0.0/0", Route{IfIndex: 2, Gateway: addr("192.0.2.254")}, 100),
			route("0.0.0.0/0", Route{IfIndex: 3, Gateway: addr("10.0.0.254")}, 50),
			route("192.0.2.0/24", Route{IfIndex: 2, Src: addr("192.0.2.1")}, 0),
			route("10.0.0.0/24", Route{IfIndex: 3}, 0),
			route("10.0.0.0/24", Route{IfIndex: 2}, 0), // a second next hop
			route("10.9.0.0/16", Route{IfIndex: 3, Gateway: addr("fe80::9"), MTU: 1400}, 0),
			route("10.9.9.0/24", Route{Kind: Blackhole}, 0),
			route("10.9.9.9/32", Route{Kind: Throw}, 0),
			route("2001:db8:2::/48", Route{IfIndex: 2, Gateway: addr("fe80::1")}, 1024),
		},
		Neighbours: []Neighbour{
			{IfIndex: 3, Addr: addr("10.0.0.10"), MAC: packet.MAC{2, 0, 0, 0, 0, 10}},
			{IfIndex: 3, Addr: addr("10.0.0.20"), MAC: packet.MAC{2, 0, 0, 0, 0, 20}, Permanent: true},
		},
	}
}

func TestRoute(t *testing.T) {
	s := Build(director())
	for _, c := range []struct {
		dst  string
		want Route
		ok   bool
	}{
		{"198.51.100.7", Route{IfIndex: 3, Gateway: addr("10.0.0.254"), MTU: 9000}, true}, // the lower metric
		{"192.0.2.77", Route{IfIndex: 2, Src: addr("192.0.2.1"), MTU: 1500}, true},
		{"192.0.2.1", Route{Kind: Local, IfIndex: 2, MTU: 1500}, true},
		{"10.0.0.9", Route{IfIndex: 3, MTU: 9000}, true}, // the first next hop
		{"127.3.2.1", Route{Kind: Local, IfIndex: 1, MTU: 65536}, true},
		{"10.0.0.255", Route{Kind: Broadcast, IfIndex: 3, MTU: 9000}, true},
		{"10.9.8.7", Route{IfIndex: 3, Gateway: addr("fe80::9"), MTU: 1400}, true},
		{"10.9.9.8", Route{Kind: Blackhole}, true},
		{"10.9.9.9", Route{}, false}, // throw ends the last table
		{"224.0.0.1", Route{Kind: Multicast}, true},
		{"ff02::1", Route{Kind: Multicast}, true},
		{"2001:db8:2:3::4", Route{IfIndex: 2, Gateway: addr("fe80::1"), MTU: 1500}, true},
		{"2001:db8:3::4", Route{}, false}, // the IPv4 default is none for IPv6
	} {
		got, ok := s.Route(addr(c.dst))
		if ok != c.ok || ok && got != c.want {
			t.Errorf("Route(%s) = %+v, %v, want %+v, %v", c.dst, got, ok, c.want, c.ok)
		}
	}
}

func TestThrowGoesOnInTheNextTable(t *testing.T) {
	f := director()
	f.Routes = append(f.Routes, RouteEntry{Dst: netip.MustParsePrefix("10.9.0.0/24"), Local: true, Route: Route{Kind: Throw}})
	if r, ok := Build(f).Route(addr("10.9.0.1")); !ok || r.IfIndex != 3 {
		t.Errorf("Route = %+v, %v, want the route of table main", r, ok)
	}
}

func TestLocalAndOnLink(t *testing.T) {
	s := Build(director())
	for a, want := range map[string]bool{
		"192.0.2.1": true, "10.0.1.1": true, "127.9.9.9": true, "2001:db8:1::1": true, "172.16.0.1": true,
		"192.0.2.2": false, "10.0.0.255": false, "172.16.0.2": false, "2001:db8:1::2": false,
	} {
		if got := s.Local(addr(a)); got != want {
			t.Errorf("Local(%s) = %v", a, got)
		}
	}
	for _, c := range []struct {
		ifindex int
		a       string
		want    bool
	}{
		{2, "192.0.2.200", true}, {3, "192.0.2.200", false}, {3, "10.0.1.9", true}, {3, "10.0.2.9", false},
		{2, "fe80::1:2:3:4", true}, {9, "172.16.0.2", true}, {9, "172.16.0.1", false}, {99, "10.0.0.1", false},
	} {
		if got := s.OnLink(c.ifindex, addr(c.a)); got != c.want {
			t.Errorf("OnLink(%d, %s) = %v", c.ifindex, c.a, got)
		}
	}
}

func TestSource(t *testing.T) {
	f := director()
	f.Addrs = append(f.Addrs, Address{IfIndex: 3, Prefix: netip.MustParsePrefix("10.0.2.1/24"), Avoid: true})
	s := Build(f)
	for _, c := range []struct {
		ifindex   int
		dst, want string
	}{
		{3, "10.0.1.77", "10.0.1.1"},          // of the subnet that holds it
		{3, "198.51.100.7", "10.0.0.1"},       // the interface's first
		{3, "10.0.2.77", "10.0.0.1"},          // not one to avoid
		{2, "2001:db8:9::9", "2001:db8:1::1"}, // global speaks to global
		{2, "fe80::9", "fe80::2"},             // link-local to link-local
		{3, "2001:db8:9::9", "fe80::3"},       // for want of another
		{6, "10.0.0.9", "192.0.2.1"},          // another interface's
		{6, "2001:db8:9::9", ""},
	} {
		if got := s.Source(c.ifindex, addr(c.dst)); got != addr(c.want) {
			t.Errorf("Source(%d, %s) = %v, want %s", c.ifindex, c.dst, got, c.want)
		}
	}
}

func TestNeighbour(t *testing.T) {
	s := Build(director())
	mac, ok := s.Neighbour(3, addr("10.0.0.20"))
	if !ok || mac[5] != 20 || !s.Permanent(3, addr("10.0.0.20")) {
		t.Errorf("10.0.0.20: %v %v", mac, ok)
	}
	if _, ok := s.Neighbour(2, addr("10.0.0.10")); ok || s.Permanent(3, addr("10.0.0.10")) {
		t.Error("10.0.0.10 is known on another interface, or permanent")
	}
}

func TestPortsAndWhyNot(t *testing.T) {
	s := Build(director())
	var names []string
	for _, p := range s.Ports() {
		names = append(names, p.Name)
	}
	if got := strings.Join(names, " "); got != "eth0 eth1 bond0 eth3.5" {
		t.Errorf("Ports = %s", got)
	}
	for name, why := range map[string]string{
		"eth9": "no such interface", "lo": "not an Ethernet", "eth4": "is down",
		"eth2": "belongs to bond0", "eth3": "eth3.5 lives on top",
	} {
		if err := s.Refuse(name); err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("Refuse(%s) = %v, want %q", name, err, why)
		}
	}
}

// TestFibAgainstScan compares the fib with its slow twin: look at every prefix,
// keep the longest.
func TestFibAgainstScan(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	var list []netip.Prefix
	f := newFib()
	for i := range 300 {
		p := netip.PrefixFrom(randomAddr(rnd), 0)
		p = netip.PrefixFrom(p.Addr(), rnd.IntN(p.Addr().BitLen()+1)).Masked()
		list = append(list, p)
		f.add(p, -i, Route{IfIndex: i + 1}) // the latest wins, as in scan
	}
	for range 20000 {
		a := randomAddr(rnd)
		got, ok := f.find(packet.AddrFrom(a))
		if want := scan(list, a); want != got.IfIndex || ok != (want != 0) {
			t.Fatalf("find(%v) = %d, want %d", a, got.IfIndex, want)
		}
	}
}

// randomAddr differs from others in few bits, so that prefixes meet.
func randomAddr(rnd *rand.Rand) netip.Addr {
	b := [16]byte{0: 0x20, 1: byte(rnd.IntN(2)), 7: byte(rnd.IntN(4)), 8: byte(rnd.IntN(2)) << 7, 15: byte(rnd.IntN(8))}
	if rnd.IntN(2) == 0 {
		return netip.AddrFrom16(b)
	}
	return netip.AddrFrom4([4]byte{10, b[7], b[8], b[15]})
}

func scan(list []netip.Prefix, a netip.Addr) (index int) {
	longest := -1
	for i, p := range list {
		if p.Contains(a) && p.Bits() >= longest {
			index, longest = i+1, p.Bits()
		}
	}
	return index
}

func TestQuestionsDoNotAllocate(t *testing.T) {
	s := Build(director())
	far, server := addr("198.51.100.7"), addr("10.0.0.20")
	n := testing.AllocsPerRun(100, func() {
		s.Route(far)
		s.Local(far)
		s.OnLink(3, server)
		s.Source(3, server)
		s.Neighbour(3, server)
		s.Interface(3)
		s.ByName("eth1")
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestUpdateKeepsRoutesWhenOnlyNeighboursChange(t *testing.T) {
	old := director()
	s := Build(old)
	if s.update(old, director()) != s {
		t.Error("a new snapshot, though nothing changed")
	}
	now := director()
	now.Neighbours = now.Neighbours[:1]
	u := s.update(old, now)
	if _, ok := u.Neighbour(3, addr("10.0.0.20")); ok || u.fibs != s.fibs {
		t.Error("the neighbour stayed, or the routes were built anew")
	}
	now.Routes = now.Routes[:1]
	if r, ok := s.update(old, now).Route(addr("198.51.100.7")); ok {
		t.Errorf("a route that is gone: %+v", r)
	}
}

func BenchmarkRoute(b *testing.B) {
	s := Build(director())
	far := addr("198.51.100.7")
	for b.Loop() {
		s.Route(far)
	}
}
