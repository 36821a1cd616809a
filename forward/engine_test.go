// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
)

// A wire is a link whose frames a test puts in and takes out.
type wire struct {
	in      []string
	endless string // comes again and again, each time from another port
	deaf    bool   // nobody looks at what is sent
	tap     func(*packet.Packet)
	sent    []string
	bufs    [Batch][]byte
	port    uint16
}

func (w *wire) Recv(batch []packet.Packet) (int, error) {
	if w.endless != "" {
		w.in = append(w.in[:0], w.endless)
		w.port++
	}
	n := min(len(w.in), len(batch))
	for i := range n {
		if w.bufs[i] == nil {
			w.bufs[i] = make([]byte, room)
		}
		batch[i] = frame(w.in[i], w.bufs[i])
		if p := batch[i]; w.endless != "" && p.Parse() == packet.None {
			p.SetSrc(packet.Endpoint{Addr: p.Flow.Src.Addr, Port: w.port})
		}
	}
	w.in = w.in[n:]
	return n, nil
}

func (w *wire) Send(batch []*packet.Packet, sent []packet.Drop) {
	for i, p := range batch {
		sent[i] = packet.None
		if w.tap != nil {
			w.tap(p)
			continue
		}
		if w.deaf {
			continue
		}
		q := packet.Packet{Buf: p.Buf, Off: p.Off, End: p.End, Offload: p.Offload, ToUs: true}
		if why := q.Parse(); why != packet.None {
			panic(why)
		}
		text, _, _ := strings.Cut(q.Text(), " mac ") // the source is our port's
		w.sent = append(w.sent, text+" to "+q.DstMAC().String())
	}
}

func (w *wire) Fd() int        { return -1 }
func (w *wire) Lost() uint64   { return 0 }
func (w *wire) String() string { return "wire" }
func (w *wire) Close() error   { return nil }

// frame is a line of text as a link would lend it.
func frame(line string, buf []byte) packet.Packet {
	var p packet.Packet
	if err := p.FromText(line); err != nil {
		panic(fmt.Sprintf("%s: %v", line, err))
	}
	n := copy(buf[packet.Headroom:], p.Buf[p.Off:p.End])
	return packet.Packet{
		Buf: buf, Off: packet.Headroom, End: packet.Headroom + n,
		Offload: p.Offload, VLAN: p.VLAN, ToUs: true,
	}
}

// A bench is a director in memory: eth0 192.0.2.100/24 with the VIPs .1 and .2
// towards clients behind the router .254, eth1 10.0.0.100/24 towards servers.
type bench struct {
	*Engine
	t    testing.TB
	eth  [2]*wire
	now  time.Duration
	set  host.GuardSet
	fail error
}

func (b *bench) Set(g host.GuardSet) error {
	if b.fail == nil {
		b.set = g
	}
	return b.fail
}

var (
	mac0 = packet.MAC{2, 0, 0, 0, 1, 0}
	mac1 = packet.MAC{2, 0, 0, 0, 1, 1}
)

func serverMAC(n byte) packet.MAC { return packet.MAC{2, 0, 10, 0, 0, n} }

var routerMAC = packet.MAC{2, 0, 192, 0, 2, 254}

func facts() host.Facts {
	addr := func(s string) packet.Addr { return packet.AddrFrom(netip.MustParseAddr(s)) }
	prefix := netip.MustParsePrefix
	f := host.Facts{
		Interfaces: []host.Interface{
			{Index: 1, Name: "eth0", MAC: mac0, MTU: 1500, Up: true, Ether: true, Forwarding4: true},
			{Index: 2, Name: "eth1", MAC: mac1, MTU: 1500, Up: true, Ether: true, Forwarding4: true},
		},
		Addrs: []host.Address{
			{IfIndex: 1, Prefix: prefix("192.0.2.100/24")},
			{IfIndex: 1, Prefix: prefix("192.0.2.1/24")},
			{IfIndex: 2, Prefix: prefix("10.0.0.100/24")},
			{IfIndex: 2, Prefix: prefix("fd00::100/64")},
		},
		Routes: []host.RouteEntry{
			{Dst: prefix("192.0.2.0/24"), Route: host.Route{IfIndex: 1}},
			{Dst: prefix("10.0.0.0/24"), Route: host.Route{IfIndex: 2}},
			{Dst: prefix("fd00::/64"), Route: host.Route{IfIndex: 2}},
			{Dst: prefix("0.0.0.0/0"), Route: host.Route{IfIndex: 1, Gateway: addr("192.0.2.254")}},
		},
		Neighbours: []host.Neighbour{{IfIndex: 1, Addr: addr("192.0.2.254"), MAC: routerMAC, Permanent: true},
			{IfIndex: 2, Addr: addr("fd00::1"), MAC: serverMAC(6), Permanent: true},
		},
	}
	f.Ephemeral = host.PortRange{First: 32768, Last: 60999}
	f.Routes = append(f.Routes, host.RouteEntry{
		Dst: prefix("10.0.0.255/32"), Local: true, Route: host.Route{Kind: host.Broadcast, IfIndex: 2},
	})
	for _, a := range f.Addrs {
		f.Routes = append(f.Routes, host.RouteEntry{
			Dst: netip.PrefixFrom(a.Prefix.Addr(), a.Prefix.Addr().BitLen()), Local: true, Route: host.Route{Kind: host.Local, IfIndex: a.IfIndex},
		})
	}
	for n := byte(1); n <= 3; n++ {
		f.Neighbours = append(f.Neighbours, host.Neighbour{
			IfIndex: 2, Addr: packet.AddrFrom(netip.AddrFrom4([4]byte{10, 0, 0, n})), MAC: serverMAC(n), Permanent: true,
		})
	}
	return f
}

func newBench(t testing.TB, lines ...string) *bench {
	t.Helper()
	b := &bench{t: t, eth: [2]*wire{{}, {}}}
	e, err := New(Config{
		Links: []Link{b.eth[0], b.eth[1]}, Ports: []int{1, 2}, Host: host.Build(facts()), Guard: b, Max: 1 << 12,
		Now: func() time.Duration { return b.now }, Rand: rand.New(rand.NewPCG(1, 2)),
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Engine = e
	t.Cleanup(func() { _ = e.Close() })
	for _, l := range lines {
		b.do(l)
	}
	return b
}

// do takes "add-service tcp 192.0.2.1:80 rr" and "add-server tcp 192.0.2.1:80 10.0.0.1:80 nat 1".
func (b *bench) do(line string) {
	b.t.Helper()
	if err := b.Do(context.Background(), command(line)); err != nil {
		b.t.Fatalf("%s: %v", line, err)
	}
}

func command(line string) ulvs.Command {
	f := strings.Fields(line)
	c := ulvs.Command{Verb: ulvs.Verb(f[0])}
	if len(f) == 1 {
		return c
	}
	c.Service.Proto = map[string]ulvs.Proto{"tcp": ulvs.TCP, "udp": ulvs.UDP}[f[1]]
	c.Service.Addr = netip.MustParseAddrPort(f[2])
	if strings.HasSuffix(f[0], "server") {
		c.Server.Addr = netip.MustParseAddrPort(f[3])
		if len(f) > 4 {
			c.Server.Mode = f[4]
			fmt.Sscan(f[5], &c.Server.Weight)
		}
	} else if len(f) > 3 {
		c.Service.Scheduler = f[3]
	}
	return c
}

// in puts a packet on a port, and tells what came of it: what left, each with
// its port, or why nothing did.
func (b *bench) in(port int, line string) string {
	b.t.Helper()
	before := b.w.drops
	b.eth[0].sent, b.eth[1].sent = nil, nil
	b.eth[port].in = []string{line}
	if _, err := b.Turn(b.now); err != nil {
		b.t.Fatal(err)
	}
	var out []string
	for i, e := range b.eth {
		for _, s := range e.sent {
			out = append(out, fmt.Sprintf("eth%d %s", i, s))
		}
	}
	for i, n := range b.w.drops {
		if n > before[i] {
			out = append(out, packet.Drop(i).Error())
		}
	}
	return strings.Join(out, "; ")
}

// want plays in and compares.
func (b *bench) want(port int, line, want string) {
	b.t.Helper()
	if got := b.in(port, line); got != want {
		b.t.Errorf("%s\n gave %q\nwant %q", line, got, want)
	}
}
