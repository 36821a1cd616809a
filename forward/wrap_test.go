// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/packet"
)

// tunnelled is a service with one real server behind a tunnel.
func tunnelled(t *testing.T, tunnel ulvs.Tunnel) *bench { return tunnelledTo(t, "10.0.0.1:80", tunnel) }

func tunnelledTo(t *testing.T, server string, tunnel ulvs.Tunnel) *bench {
	b := newBench(t)
	s := onPort(ulvs.TCP, "192.0.2.1:80", "rr")
	farm(b, s)
	err := b.Do(context.Background(), ulvs.Command{Verb: ulvs.AddServer, Service: s, Server: ulvs.Server{
		Addr: netip.MustParseAddrPort(server), Mode: "tun", Weight: 1, Tunnel: tunnel,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What leaves is for the real server, and holds what the client sent.
func TestTunnels(t *testing.T) {
	for _, c := range []struct {
		tunnel ulvs.Tunnel
		proto  uint8
		before int // bytes between the headers
	}{
		{ulvs.Tunnel{}, 4, 0},
		{ulvs.Tunnel{Type: "gre"}, 47, 4},
		{ulvs.Tunnel{Type: "gre", Sum: "csum"}, 47, 8},
		{ulvs.Tunnel{Type: "gue", Port: 6080}, packet.ProtoUDP, 12},
	} {
		b := tunnelled(t, c.tunnel)
		var raw [][]byte
		b.eth[1].tap = func(p *packet.Packet) { raw = append(raw, append([]byte(nil), p.Buf[p.Off:p.End]...)) }
		b.in(0, "198.51.100.7:1 > 192.0.2.1:80 tcp S ttl 9")
		if len(raw) != 1 {
			t.Fatalf("%+v: %d frames", c.tunnel, len(raw))
		}
		ip := raw[0][14:]
		inner := ip[20+c.before:]
		if ip[9] != c.proto || netip.AddrFrom4([4]byte(ip[16:20])).String() != "10.0.0.1" || ip[8] != 8 ||
			inner[8] != 8 || netip.AddrFrom4([4]byte(inner[16:20])).String() != "192.0.2.1" {
			t.Errorf("%+v: % x", c.tunnel, ip)
		}
	}
}

// A super-frame becomes many packets, more than the outbox holds at a time.
func TestTunnelSuperFrames(t *testing.T) {
	b := tunnelled(t, ulvs.Tunnel{})
	b.in(0, "198.51.100.7:1 > 192.0.2.1:80 tcp S")
	n := 0
	b.eth[1].tap = func(p *packet.Packet) { n++ }
	for range 8 {
		b.in(0, "198.51.100.7:1 > 192.0.2.1:80 tcp A len 60000 gso 1400")
	}
	if want := 8 * ((60000 + 1399) / 1400); n != want {
		t.Errorf("%d packets, want %d", n, want)
	}
}

// What does not fit the tunnel is told the MTU that does.
func TestTunnelMTU(t *testing.T) {
	b := tunnelled(t, ulvs.Tunnel{})
	b.eth[1].deaf = true
	b.in(0, "198.51.100.7:1 > 192.0.2.1:80 tcp S")
	got := b.in(0, "198.51.100.7:1 > 192.0.2.1:80 tcp A df len 1450")
	if want := "mtu 1480"; !strings.Contains(got, want) {
		t.Errorf("got %q, want %s in it", got, want)
	}
}

// An error about a wrapped packet is told to the client, about his own; and of
// a path that carries less, the next packet that is too long hears at once.
func TestTunnelErrors(t *testing.T) {
	for _, c := range []struct {
		tunnel ulvs.Tunnel
		mtu    string // what a packet of 1,000 bytes hears afterwards
	}{{ulvs.Tunnel{}, "580"}, {ulvs.Tunnel{Type: "gre"}, "576"}, {ulvs.Tunnel{Type: "gue", Port: 6080}, "568"}} {
		b := tunnelled(t, c.tunnel)
		var outer []byte
		b.eth[1].tap = func(p *packet.Packet) { outer = append([]byte(nil), p.Buf[p.L3:p.End]...) }
		b.in(0, "198.51.100.7:1 > 192.0.2.1:80 tcp S df")
		quote := fmt.Sprintf("{ 10.0.0.100 > 10.0.0.1 proto %d data %q df ttl 63 }", outer[9], outer[20:])
		if c.tunnel.Type == "gue" {
			quote = fmt.Sprintf("{ 10.0.0.100:%d > 10.0.0.1:6080 udp data %q df ttl 63 }", int(outer[20])<<8|int(outer[21]), outer[28:])
		}
		const about = "{ 198.51.100.7:1 > 192.0.2.1:80 tcp S ttl 63 df }"
		got := b.in(1, "10.0.0.77 > 10.0.0.100 icmp frag-needed "+quote+" mtu 600")
		if want := "eth0 192.0.2.1 > 198.51.100.7 icmp frag-needed " + about + " mtu 580"; !strings.HasPrefix(got, want) {
			t.Errorf("%+v: the client is told %s", c.tunnel, got)
		}
		got = b.in(0, "198.51.100.7:1 > 192.0.2.1:80 tcp A len 960 df")
		if !strings.Contains(got, "mtu "+c.mtu) {
			t.Errorf("%+v: a long packet is told %s", c.tunnel, got)
		}
		got = b.in(1, "10.0.0.77 > 10.0.0.100 icmp 3/2 "+quote)
		if want := "eth0 192.0.2.1 > 198.51.100.7 icmp protocol-unreachable " + about; !strings.HasPrefix(got, want) {
			t.Errorf("%+v: the client is told %s", c.tunnel, got)
		}
		for _, other := range []string{strings.Replace(quote, "> 10.0.0.1", "> 10.0.0.2", 1), strings.Replace(quote, ":6080", ":6081", 1)} {
			if got = b.in(1, "10.0.0.77 > 10.0.0.100 icmp 3/2 "+other); other != quote && got != "not ours" {
				t.Errorf("%+v: an error about another's tunnel: %s", c.tunnel, got)
			}
		}
	}
}

// An outer packet that is too long for the link is cut by the director: in IPv6
// nobody else may.
func TestTunnelFragments(t *testing.T) {
	for server, want := range map[string][]int{"10.0.0.1:80": {1500, 48}, "[fd00::1]:80": {1496, 108}} {
		b := tunnelledTo(t, server, ulvs.Tunnel{})
		var got []int
		b.eth[1].tap = func(p *packet.Packet) { got = append(got, len(p.Buf[p.Off:p.End])-14) }
		b.in(0, "198.51.100.7:1 > 192.0.2.1:80 tcp S len 1468")
		if !slices.Equal(got, want) {
			t.Errorf("to %s went packets of %d bytes, want %d", server, got, want)
		}
	}
}

// The outer packets of a super-frame are numbered as the kernel numbers them.
func TestTunnelIDs(t *testing.T) {
	b := tunnelled(t, ulvs.Tunnel{})
	b.in(0, "198.51.100.7:1 > 192.0.2.1:80 tcp S")
	var got []int
	b.eth[1].tap = func(p *packet.Packet) { got = append(got, int(p.Buf[p.L3+4])<<8|int(p.Buf[p.L3+5])) }
	b.in(0, "198.51.100.7:1 > 192.0.2.1:80 tcp A len 2500 gso 1000 df")
	if !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("%d, want 0 1 2", got)
	}
	got = nil
	b.in(0, "198.51.100.7:1 > 192.0.2.1:80 tcp A len 1500 gso 1000")
	b.in(0, "198.51.100.7:1 > 192.0.2.1:80 tcp A len 1500 gso 1000")
	if first := got[0]; !slices.Equal(got, []int{first, first + 1, first + 2, first + 3}) {
		t.Errorf("%d, want each its own", got)
	}
}

// Without path MTU discovery an IPv4 packet goes in fragments whatever its
// sender says, an IPv6 packet not at all: so it is in the kernel.
func TestTunnelNoDiscovery(t *testing.T) {
	b := tunnelled(t, ulvs.Tunnel{})
	s := onPort(ulvs.TCP, "[2001:db8::1]:80", "rr")
	farm(b, s)
	server := ulvs.Server{Addr: netip.MustParseAddrPort("10.0.0.1:80"), Mode: "tun", Weight: 1}
	for _, c := range []ulvs.Command{
		{Verb: ulvs.AddServer, Service: s, Server: server},
		{Verb: ulvs.SetSysctl, Sysctl: ulvs.Sysctl{Name: "pmtu_disc", Value: "0"}},
	} {
		if err := b.Do(context.Background(), c); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	b.eth[1].tap = func(*packet.Packet) { n++ }
	if b.in(0, "198.51.100.7:1 > 192.0.2.1:80 tcp S len 1450 df"); n != 2 {
		t.Errorf("%d packets of IPv4, want 2 fragments", n)
	}
	n = 0
	if got := b.in(0, "[2001:db8::7]:1 > [2001:db8::1]:80 tcp S len 1450"); n != 0 || !strings.Contains(got, "too big for the mtu") {
		t.Errorf("%d packets of IPv6: %s", n, got)
	}
}
