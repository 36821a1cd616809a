// SPDX-License-Identifier: Apache-2.0

package fullnat

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/ulvs/ulvs/packet"
)

func path(client, virtual, local, server string) packet.Path {
	end := func(text string) packet.Endpoint { return packet.EndpointFrom(netip.MustParseAddrPort(text)) }
	return packet.Path{Client: end(client), Virtual: end(virtual), Local: end(local), Server: end(server)}
}

var (
	path4 = path("198.51.100.7:1234", "192.0.2.1:9", "10.0.0.200:5678", "10.0.0.1:99")
	path6 = path("[2001:db8:c::7]:1234", "[2001:db8::1]:9", "[2001:db8:a::200]:5678", "[2001:db8:a::1]:99")
)

// a rewriter is In or Out.
type rewriter func(*packet.Packet, *packet.Ctx) packet.Drop

// through is a line after its way through the director. Text tells of a
// checksum that is wrong.
func through(t *testing.T, line string, way rewriter, c packet.Path) string {
	t.Helper()
	var p packet.Packet
	if err := p.FromText(line); err != nil {
		t.Fatal(err)
	}
	ctx := packet.Ctx{Path: c}
	if q, why := p.Quote(); why == packet.None {
		ctx.Quote = &q
	}
	if why := way(&p, &ctx); why != packet.None {
		t.Fatalf("%s: %v", line, why)
	}
	if p.Hop != p.Flow.Dst.Addr {
		t.Errorf("%s: the next hop is %v", line, p.Hop)
	}
	return p.Text()
}

// both are the texts of a packet between two ends, in and out of the director.
func both(t *testing.T, c packet.Path) map[string][2]string {
	t.Helper()
	between := func(a, b packet.Endpoint) string { return a.AddrPort().String() + " > " + b.AddrPort().String() }
	return map[string][2]string{
		"in":  {between(c.Client, c.Virtual), between(c.Local, c.Server)},
		"out": {between(c.Server, c.Local), between(c.Virtual, c.Client)},
	}
}

var ways = map[string]rewriter{"in": In, "out": Out}

// Both ways of all protocols and families: checksums stay right, or as wrong as
// they were.
func TestBothWays(t *testing.T) {
	for _, c := range []packet.Path{path4, path6} {
		for name, ends := range both(t, c) {
			for words, want := range map[string]string{
				"tcp S": "tcp S", "tcp A sum bad": "tcp A sum bad", `udp data "a"`: `udp data "a"`, "sctp INIT": "sctp INIT",
				"tcp A partial": "tcp A partial",
			} {
				if got := through(t, ends[0]+" "+words, ways[name], c); got != ends[1]+" "+want {
					t.Errorf("%s, %s: %s, want %s %s", name, words, got, ends[1], want)
				}
			}
		}
	}
	if got := through(t, `198.51.100.7:1234 > 192.0.2.1:9 udp data "a" sum none`, In, path4); got != `10.0.0.200:5678 > 10.0.0.1:99 udp data "a"` {
		t.Errorf("a datagram without a checksum: %s", got)
	}
}

// There and back again, a packet is what it was.
func TestIdentity(t *testing.T) {
	for _, c := range []packet.Path{path4, path6} {
		mirror := packet.Path{Client: c.Server, Virtual: c.Local, Local: c.Virtual, Server: c.Client}
		for name, ends := range both(t, c) {
			line := ends[0] + ` tcp PA seq 7 ack 9 data "hello"`
			changed := through(t, line, ways[name], c)
			if got := through(t, changed, ways[name], undo(name, c, mirror)); got != line {
				t.Errorf("%s: %s became %s and then %s", name, line, changed, got)
			}
		}
	}
}

// undo is the path whose rewriting takes back that of c.
func undo(way string, c, mirror packet.Path) packet.Path {
	if way == "in" { // writes Local and Server
		return packet.Path{Local: c.Client, Server: c.Virtual}
	}
	return packet.Path{Virtual: mirror.Client, Client: mirror.Virtual} // … Virtual and Client
}

// An error about a packet of the connection is about what the other end knows,
// and comes from whom it speaks with.
func TestErrors(t *testing.T) {
	for _, words := range []string{"tcp A", "udp len 8", "sctp SACK"} {
		for _, c := range []struct {
			way      rewriter
			in, want string
		}{
			{In, "198.51.100.7 > 192.0.2.1 icmp port-unreachable { 192.0.2.1:9 > 198.51.100.7:1234 X }",
				"10.0.0.200 > 10.0.0.1 icmp port-unreachable { 10.0.0.1:99 > 10.0.0.200:5678 X }"},
			{In, "203.0.113.1 > 192.0.2.1 icmp frag-needed { 192.0.2.1:9 > 198.51.100.7:1234 X } mtu 1400",
				"10.0.0.200 > 10.0.0.1 icmp frag-needed { 10.0.0.1:99 > 10.0.0.200:5678 X } mtu 1400"},
			{Out, "10.0.0.1 > 10.0.0.200 icmp port-unreachable { 10.0.0.200:5678 > 10.0.0.1:99 X }",
				"192.0.2.1 > 198.51.100.7 icmp port-unreachable { 198.51.100.7:1234 > 192.0.2.1:9 X }"},
			{Out, "10.9.0.1 > 10.0.0.200 icmp host-unreachable { 10.0.0.200:5678 > 10.0.0.1:99 X }",
				"192.0.2.1 > 198.51.100.7 icmp host-unreachable { 198.51.100.7:1234 > 192.0.2.1:9 X }"},
		} {
			in, want := strings.Replace(c.in, "X", words, 1), strings.Replace(c.want, "X", words, 1)
			if got := through(t, in, c.way, path4); got != want {
				t.Errorf("%s\n gave %s\nwant  %s", in, got, want)
			}
		}
	}
}

func TestDoesNotAllocate(t *testing.T) {
	var p packet.Packet
	if err := p.FromText("198.51.100.7:1234 > 192.0.2.1:9 tcp A"); err != nil {
		t.Fatal(err)
	}
	ctx := packet.Ctx{Path: path4}
	if n := testing.AllocsPerRun(100, func() { In(&p, &ctx); Out(&p, &ctx) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
