// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestTunnelKinds(t *testing.T) {
	for name, want := range map[string]TunnelKind{"ipip": 0, "gue": 1, "gre": 2} { // linux/ip_vs.h
		if k, ok := TunnelKindOf(name); !ok || k != want || k.String() != name {
			t.Errorf("%s is %d", name, k)
		}
	}
	if _, ok := TunnelKindOf("vxlan"); ok || TunnelKind(3).String() != "?" {
		t.Error("a fourth kind")
	}
}

// The longest packet that fits is as the kernel computes it: headers of 20 or
// 40, GUE 8+4, GRE 4 or 8.
func TestTunnelMTU(t *testing.T) {
	for _, c := range []struct {
		tunnel           Tunnel
		path, mtu4, mtu6 int
	}{
		{Tunnel{}, 1500, 1480, 1460},
		{Tunnel{Kind: GUE}, 1500, 1468, 1448},
		{Tunnel{Kind: GUE, Flags: TunnelRemoteSum}, 1500, 1468, 1448},
		{Tunnel{Kind: GRE}, 1500, 1476, 1456},
		{Tunnel{Kind: GRE, Flags: TunnelSum}, 1500, 1472, 1452},
		{Tunnel{}, 1320, 1300, 1280},
	} {
		n4, ok4 := c.tunnel.MTU(c.path, true)
		n6, ok6 := c.tunnel.MTU(c.path, false)
		if n4 != c.mtu4 || n6 != c.mtu6 || !ok4 || !ok6 {
			t.Errorf("%+v over %d: %d %v, %d %v", c.tunnel, c.path, n4, ok4, n6, ok6)
		}
	}
	if _, ok := (Tunnel{}).MTU(87, true); ok {
		t.Error("67 bytes are too few for IPv4")
	}
	if _, ok := (Tunnel{}).MTU(1319, false); ok {
		t.Error("1279 bytes are too few for IPv6")
	}
}

// A flow keeps its port, other flows get others, and all of them are in the
// range; the ends of it occur.
func TestGUEPort(t *testing.T) {
	f := must(t, "198.51.100.7:1 > 192.0.2.1:2 udp").Flow
	seen := map[uint16]bool{}
	for i := range 1000 {
		f.Src.Port = uint16(i)
		port := f.GUEPort(7, 100, 109)
		if port < 100 || port > 109 || port != f.GUEPort(7, 100, 109) {
			t.Fatalf("port %d", port)
		}
		seen[port] = true
	}
	if len(seen) != 10 {
		t.Errorf("only %d ports of 10", len(seen))
	}
	if n := f.GUEPort(7, 5, 5); n != 5 {
		t.Errorf("port %d of 5", n)
	}
}

// The inner packet, behind each of the outer headers, cut off at every length.
func TestTunnelError(t *testing.T) {
	tunnels := []Tunnel{{}, {Kind: GUE, Port: 6080}, {Kind: GUE, Port: 6080, Flags: TunnelSum}, {Kind: GRE}, {Kind: GRE, Flags: TunnelSum}}
	for _, tunnel := range tunnels {
		for _, inner := range []string{"198.51.100.7:1 > 192.0.2.1:2 udp len 20", "[2001:db8::7]:1 > [2001:db8::1]:2 tcp S len 20"} {
			for _, line := range []string{"192.0.2.9:1 > 10.0.0.1:2 udp", "[fd00::9]:1 > [fd00::1]:2 udp"} {
				client := must(t, inner)
				flow, ends := client.Flow, must(t, line).Flow
				if why := client.Encap(tunnel, &Outer{From: ends.Src.Addr, To: ends.Dst.Addr, TTL: 9}, 40000); why != None {
					t.Fatal(why)
				}
				p := made(func(dst *Packet) { ICMPError(dst, client, ends.Dst.Addr, HostUnreachable, 0) })
				e, ok := p.TunnelError()
				want := Endpoint{ends.Dst.Addr, tunnel.Port}
				if !ok || e.Kind != tunnel.Kind || e.Server != want || e.Inner.Flow != flow || e.Path != 0 {
					t.Errorf("%+v, %s in %s: %v %+v", tunnel, inner, line, ok, e)
				}
				shorten(t, p, e.Inner.L4+4)
			}
		}
	}
}

// What the client is told where the two families differ: the same in the words
// of his own, and nothing where there is none.
func TestTunnelErrorFamilies(t *testing.T) {
	const v4, v6 = "198.51.100.7:1 > 192.0.2.1:2 udp len 20", "[2001:db8::7]:1 > [2001:db8::1]:2 udp len 20"
	for _, c := range []struct{ inner, outer, said, want string }{
		{v4, "fd00::9 > fd00::1", "too-big { %s } mtu 1400", "192.0.2.1 > 198.51.100.7 icmp frag-needed { " + v4 + " df } mtu 1360 tos 0xc0"},
		{v4, "fd00::9 > fd00::1", "too-big { %s } mtu 600", "192.0.2.1 > 198.51.100.7 icmp frag-needed { " + v4 + " df } mtu 1280 tos 0xc0"},
		{v4, "fd00::9 > fd00::1", "time-exceeded { %s }", "192.0.2.1 > 198.51.100.7 icmp time-exceeded { " + v4 + " df } tos 0xc0"},
		{v4, "fd00::9 > fd00::1", "4/1 { %s }", ""},
		{v6, "10.0.0.9 > 10.0.0.1", "frag-needed { %s } mtu 1400", "2001:db8::1 > 2001:db8::7 icmp6 too-big { " + v6 + " } mtu 1380"},
		{v6, "10.0.0.9 > 10.0.0.1", "host-unreachable { %s }", "2001:db8::1 > 2001:db8::7 icmp6 host-unreachable { " + v6 + " }"},
		{v6, "fd00::9 > fd00::1", "4/1 { %s }", "2001:db8::1 > 2001:db8::7 icmp6 4/1 { " + v6 + " }"},
		{v6, "fd00::9 > fd00::1", "too-big { %s } mtu 0xffffffff", "2001:db8::1 > 2001:db8::7 icmp6 too-big { " + v6 + " } mtu 65495"},
	} {
		inner := must(t, strings.Replace(c.inner, "len 20", "len 20 df", strings.Count(c.inner, "192.")))
		proto, icmp, router := "4", "icmp", "10.0.0.7 > 10.0.0.9"
		if !inner.Is4() {
			proto = "41"
		}
		if strings.Contains(c.outer, "fd00") {
			icmp, router = "icmp6", "fd00::7 > fd00::9"
		}
		quote := fmt.Sprintf("%s proto %s data %q", c.outer, proto, inner.Buf[inner.L3:inner.End])
		p := must(t, router+" "+icmp+" "+fmt.Sprintf(c.said, quote))
		e, ok := p.TunnelError()
		if !ok {
			t.Errorf("%s: not read", c.said)
			continue
		}
		relayed := false
		d := made(func(dst *Packet) { relayed = e.Relay(dst, p, e.Inner.Flow.Dst.Addr, e.Path) })
		switch {
		case relayed != (c.want != ""):
			t.Errorf("%s: relayed: %v", c.said, relayed)
		case relayed:
			if err := d.Like(c.want); err != nil {
				t.Errorf("%s: %v", c.said, err)
			}
		}
	}
}

// What a director of ours would not have sent: GUE's control messages and later
// versions, GRE with a key. What another might have: GUE with optional fields.
func TestTunnelErrorHeaders(t *testing.T) {
	inner := must(t, "198.51.100.7:1 > 192.0.2.1:2 udp len 20")
	for _, c := range []struct {
		ends, header string
		want         bool
	}{
		{"10.0.0.9:1 > 10.0.0.1:2 udp", "\x00\x04\x00\x00", true},
		{"10.0.0.9:1 > 10.0.0.1:2 udp", "\x02\x04\x00\x00\x80\x00\x00\x00\x00\x00\x00\x00", true},
		{"10.0.0.9:1 > 10.0.0.1:2 udp", "\x20\x04\x00\x00", false},
		{"10.0.0.9:1 > 10.0.0.1:2 udp", "\x40\x04\x00\x00", false},
		{"10.0.0.9:1 > 10.0.0.1:2 udp", "\x00\x29\x00\x00", false},
		{"10.0.0.9 > 10.0.0.1 proto 47", "\x00\x00\x08\x00", true},
		{"10.0.0.9 > 10.0.0.1 proto 47 frag 0+", "\x00\x00\x08\x00", true},
		{"10.0.0.9 > 10.0.0.1 proto 47 frag 8", "\x00\x00\x08\x00", false},
		{"10.0.0.9 > 10.0.0.1 proto 47", "\x20\x00\x08\x00", false},
		{"10.0.0.9 > 10.0.0.1 proto 47", "\x20\x00\x08\x00\x00\x00\x00\x00", false},
		{"10.0.0.9 > 10.0.0.1 proto 47", "\x00\x01\x08\x00", false},
		{"10.0.0.9 > 10.0.0.1 proto 50", "", false},
	} {
		data := c.header + string(inner.Buf[inner.L3:inner.End])
		p := must(t, fmt.Sprintf("10.0.0.7 > 10.0.0.9 icmp host-unreachable { %s data %q }", c.ends, data))
		if e, ok := p.TunnelError(); ok != c.want || ok && e.Inner.Flow != inner.Flow {
			t.Errorf("%s %x: %v", c.ends, c.header, ok)
		}
	}
}

// shorten takes from an error byte after byte: it must be read as long as the
// inner ports are there.
func shorten(t *testing.T, p *Packet, ports int) {
	for ; p.End > p.L4+sizeICMP; p.End-- {
		if _, ok := p.TunnelError(); ok != (p.End >= ports) {
			t.Errorf("%d bytes of %d are read: %v", p.End, ports, ok)
		}
	}
}

// Whatever an error quotes, reading it and relaying it stays within bounds.
func FuzzTunnelError(f *testing.F) {
	f.Add(uint8(3), uint8(4), uint32(600), []byte("\x45\x00\x00\x40\x00\x00\x40\x00\x40\x04\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02\x45\x00\x00\x24\x00\x00\x40\x00\x40\x11\x00\x00\x0a\x00\x00\x01\x0a\x00\x00\x02\x00\x01\x00\x02"))
	f.Fuzz(func(t *testing.T, kind, code uint8, info uint32, quote []byte) {
		for _, line := range []string{"192.0.2.1 > 198.51.100.7 icmp port-unreachable { 198.51.100.7 > 192.0.2.1 proto 4 }", "fd00::1 > fd00::7 icmp6 too-big { fd00::7 > fd00::1 proto 4 }"} {
			p := must(t, line)
			p.Buf = append(p.Buf[:p.L4+sizeICMP:p.L4+sizeICMP], quote...)
			p.End = len(p.Buf)
			p.Buf[p.L4], p.Buf[p.L4+1] = kind, code
			be.PutUint32(p.Buf[p.L4+4:], info)
			e, ok := p.TunnelError()
			if !ok {
				continue
			}
			d := Packet{Buf: make([]byte, Headroom+MaxFrame), Off: Headroom}
			if !e.Relay(&d, p, e.Inner.Flow.Dst.Addr, max(e.Path, 1500)) {
				continue
			}
			q := Packet{Buf: d.Buf, Off: d.Off, End: d.End, ToUs: true}
			if why := q.Parse(); why != None && why != BadHeader || why == None && !q.ICMPGood() {
				t.Errorf("relayed a packet that is wrong: %v", why)
			}
		}
	})
}

// The pieces of a packet are the packet.
func TestFragment6(t *testing.T) {
	whole := must(t, "[2001:db8::7]:1 > [2001:db8::1]:2 udp len 3000")
	fill(whole.Buf[whole.L4:whole.End])
	var all []byte
	for i := 0; ; i++ {
		p := Packet{Buf: make([]byte, 1600), Off: Headroom, ToUs: true}
		if !p.Fragment6(whole, 1281, i, 0xdeadbeef) {
			break
		}
		l4, frag, id := p.L4, p.Frag, p.ID
		if why := p.Parse(); why != None {
			t.Fatal(why)
		}
		if p.L4 != l4 || p.Frag != frag || p.ID != id || id != 0xdeadbeef || p.L3Len() > 1281 {
			t.Errorf("piece %d: Parse finds something else", i)
		}
		if (frag == First) != (i == 0) || int(be.Uint16(p.Buf[l4-6:])&^7) != len(all) || p.Buf[l4-5]&1 == 1 != (i < 2) {
			t.Errorf("piece %d: not in its place", i)
		}
		all = append(all, p.Buf[p.L4:p.End]...)
	}
	if !bytes.Equal(all, whole.Buf[whole.L4:whole.End]) {
		t.Error("another packet comes of it")
	}
	small := Packet{Buf: make([]byte, 100), Off: Headroom}
	if small.Fragment6(whole, 1280, 0, 1) || small.Fragment6(whole, 55, 0, 1) || small.Fragment6(whole, 1280, -1, 1) {
		t.Error("a piece without room")
	}
}
