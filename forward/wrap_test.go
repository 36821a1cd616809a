// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/packet"
)

// tunnelled is a service with one real server behind a tunnel.
func tunnelled(t *testing.T, tunnel ulvs.Tunnel) *bench {
	b := newBench(t)
	s := onPort(ulvs.TCP, "192.0.2.1:80", "rr")
	farm(b, s)
	err := b.Do(context.Background(), ulvs.Command{Verb: ulvs.AddServer, Service: s, Server: ulvs.Server{
		Addr: netip.MustParseAddrPort("10.0.0.1:80"), Mode: "tun", Weight: 1, Tunnel: tunnel,
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
