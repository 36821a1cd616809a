// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
)

// fullNAT is a director with one service in mode fullnat, whose local addresses
// are given.
func fullNAT(t testing.TB, proto string, locals ulvs.Locals, servers ...string) *bench {
	t.Helper()
	b := newBench(t)
	c := command("add-service " + proto + " 192.0.2.1:80 rr")
	c.Service.Locals = locals
	if err := b.Do(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	for _, s := range servers {
		b.do("add-server " + proto + " 192.0.2.1:80 " + s + " fullnat 1")
	}
	b.w.claims = nil // that they are ours
	return b
}

// borrowed is the local end that a packet of a client left from.
func (b *bench) borrowed(line string) string {
	b.t.Helper()
	out := b.in(0, line)
	m := leaves.FindStringSubmatch(out)
	if m == nil {
		b.t.Fatalf("%s: gave %q", line, out)
	}
	return m[1]
}

var leaves = regexp.MustCompile(`eth1 (\S+:\d+) > `)

// Both sides are changed, both ways; the address of nobody is answered for.
func TestFullNAT(t *testing.T) {
	b := fullNAT(t, "tcp", "10.0.0.200", "10.0.0.1:8080")
	local := b.borrowed(client + " > 192.0.2.1:80 tcp S")
	b.want(1, "10.0.0.1:8080 > "+local+" tcp SA", "eth0 192.0.2.1:80 > "+client+" tcp SA ttl 63 to 02:00:c0:00:02:fe")
	b.want(0, client+" > 192.0.2.1:80 tcp A", "eth1 "+local+" > 10.0.0.1:8080 tcp A ttl 63 to 02:00:0a:00:00:01")
	b.want(1, "arp who-has 10.0.0.200 tell 10.0.0.1",
		"eth1 arp 10.0.0.200 is-at 02:00:00:00:01:01 tell 10.0.0.1 to 02:00:00:00:00:01; not ours")
	b.want(1, "10.0.0.1:8080 > 10.0.0.200:1 tcp SA ack 9", "eth1 10.0.0.200:1 > 10.0.0.1:8080 tcp R seq 9 df to 02:00:0a:00:00:01; stray")
}

// syn is the line of a new connection, the nth of many.
func syn(n int) string {
	return fmt.Sprintf("198.51.%d.%d:%d > 192.0.2.1:80 tcp S", 100+n/50_000, n%250, 1024+n%50_000)
}

// syns plays new connections without a detour over text: the result is the local
// end of the nth, zero if it got none.
func (b *bench) syns() func(n int) packet.Endpoint {
	template := frame(syn(0), make([]byte, room))
	buf := make([]byte, room)
	return func(n int) packet.Endpoint {
		p := template
		p.Buf = buf
		copy(p.Buf, template.Buf[:template.End])
		if why := p.Parse(); why != packet.None {
			b.t.Fatal(why)
		}
		p.SetSrc(packet.EndpointFrom(netip.MustParseAddrPort(strings.Fields(syn(n))[0])))
		b.w.Step([]packet.Packet{p}, b.now)
		for _, q := range b.w.out.Port(1) {
			if q.Type == packet.TypeIPv4 {
				return q.Flow.Src
			}
		}
		return packet.Endpoint{}
	}
}

// roomy gives a director a larger table, and a log that can be read.
func (b *bench) roomy() *strings.Builder {
	log := &strings.Builder{}
	b.w.table = conntrack.NewTable(1<<18, conntrack.Defaults(), 1)
	b.w.log = slog.New(slog.NewTextHandler(log, nil))
	return log
}

// TestExhaustion: one local address carries all its ports to one server, no two
// connections alike; what comes then is dropped, counted and told once; when
// connections have expired their ports serve again.
func TestExhaustion(t *testing.T) {
	t.Parallel()
	const all = 65536 - 1024
	b := fullNAT(t, "tcp", "10.0.0.200", "10.0.0.1:8080")
	log := b.roomy()
	seen := map[packet.Endpoint]bool{}
	for open, n := b.syns(), 0; n < all; n++ {
		local := open(n)
		if seen[local] || local.Addr.String() != "10.0.0.200" {
			t.Fatalf("connection %d comes from %v", n, local)
		}
		seen[local] = true
	}
	for n := range 3 {
		b.want(0, syn(all+n), "no local port free")
	}
	if said := log.String(); strings.Count(said, "\n") != 1 || !strings.Contains(said, "--local-address") || !strings.Contains(said, "10.0.0.1:8080") {
		t.Errorf("the log says %q", said)
	}
	if st := b.Status(); st.Drops["no local port free"] != 3 || st.Locals["10.0.0.200"] != all {
		t.Errorf("%d are counted, %d are lent", st.Drops["no local port free"], st.Locals["10.0.0.200"])
	}
	if n := b.w.table.Len(); n != all {
		t.Errorf("%d connections, want %d", n, all)
	}
	for b.now = time.Minute + time.Second; b.w.table.Len() > 0; { // SYN_RECV; 10,000 at a time
		b.in(0, "198.51.100.9:1 > 203.0.113.1:1 tcp S")
	}
	if local := b.borrowed(syn(0)); !seen[packet.EndpointFrom(netip.MustParseAddrPort(local))] {
		t.Errorf("comes from %s", local)
	}
}

// TestLogIsLimited: the log tells again after a minute, not before.
func TestLogIsLimited(t *testing.T) {
	b := fullNAT(t, "udp", "10.0.0.100", "10.0.0.1:53")
	log := b.roomy()
	b.w.locals.Bar(0, 65535)
	for b.now < 3*time.Minute {
		b.want(0, client+" > 192.0.2.1:80 udp", "no local port free")
		b.now += time.Second
	}
	if n := strings.Count(log.String(), "\n"); n != 3 {
		t.Errorf("%d lines in three minutes:\n%s", n, log)
	}
}

// TestAddressesTakeTurns: each server goes through all addresses, and a full one
// is passed over.
func TestAddressesTakeTurns(t *testing.T) {
	b := fullNAT(t, "tcp", "10.0.0.200-10.0.0.201", "10.0.0.1:8080", "10.0.0.2:8080")
	seen := map[string]int{}
	for n := range 8 {
		out := b.in(0, syn(n))
		m := regexp.MustCompile(`^eth1 (10.0.0.20.):\d+ > (10.0.0..):8080`).FindStringSubmatch(out)
		if m == nil {
			t.Fatal(out)
		}
		seen[m[1]+" > "+m[2]]++
	}
	if len(seen) != 4 || seen["10.0.0.200 > 10.0.0.1"] != 2 {
		t.Errorf("%v, want each address to each server twice", seen)
	}
	at := conntrack.Pair{Local: packet.AddrFrom(netip.MustParseAddr("10.0.0.200")), Server: packet.EndpointFrom(netip.MustParseAddrPort("10.0.0.1:8080")), Proto: packet.ProtoTCP}
	for ok := true; ok; {
		_, ok = b.w.locals.Take(at, false)
	}
	for n := range 8 {
		if out := b.in(0, syn(100+n)); strings.HasPrefix(out, "eth1 10.0.0.200:") && strings.Contains(out, "> 10.0.0.1:8080") {
			t.Errorf("from an address that has no port: %s", out)
		}
	}
}

// TestSharedServer: two services that share server and address share its ports;
// one for all ports of a server does not take what another has.
func TestSharedServer(t *testing.T) {
	b := fullNAT(t, "udp", "10.0.0.200", "10.0.0.1:53")
	every := ulvs.Command{Verb: ulvs.AddService, Service: ulvs.Service{
		ID: ulvs.ID{Proto: ulvs.UDP, Addr: netip.MustParseAddrPort("192.0.2.2:0")}, Scheduler: "rr", Persist: 60, Locals: "10.0.0.200",
	}}
	if err := b.Do(context.Background(), every); err != nil {
		t.Fatal(err)
	}
	b.do("add-server udp 192.0.2.2:0 10.0.0.1:0 fullnat 1")
	first := b.borrowed("198.51.100.7:1 > 192.0.2.1:80 udp")
	port := packet.EndpointFrom(netip.MustParseAddrPort(first)).Port
	at := conntrack.Pair{Local: packet.AddrFrom(netip.MustParseAddr("10.0.0.200")), Server: packet.EndpointFrom(netip.MustParseAddrPort("10.0.0.1:0")), Proto: packet.ProtoUDP}
	for p := port + 1; p != port; { // its turn is next
		if p, _ = b.w.locals.Take(at, false); p == port-1 {
			break
		}
	}
	before := b.w.locals.Lent()[at.Local]
	if second := b.borrowed("198.51.100.7:2 > 192.0.2.2:53 udp"); second == first {
		t.Errorf("both come from %s", first)
	}
	if n := b.w.locals.Lent()[at.Local] - before; n != 1 {
		t.Errorf("%d ports are lent to one connection", n)
	}
}

// TestPortsComeBack: whatever becomes of a connection, its port is given back.
func TestPortsComeBack(t *testing.T) {
	lent := func(b *bench) (n int) {
		for _, k := range b.w.locals.Lent() {
			n += k
		}
		return n
	}
	b := fullNAT(t, "tcp", "10.0.0.200", "10.0.0.1:8080")
	b.w.table = conntrack.NewTable(2, conntrack.Defaults(), 1)
	b.in(0, syn(1))
	b.in(0, syn(2))
	b.want(0, syn(3), "connection table full")
	if n := lent(b); n != 2 {
		t.Errorf("%d ports are lent to two connections", n)
	}
	b.now = 2 * time.Minute
	b.in(0, "198.51.100.9:1 > 203.0.113.1:1 tcp S")
	if n := lent(b); n != 0 {
		t.Errorf("%d ports are lent to nobody", n)
	}
	ops := command("add-service udp 192.0.2.2:53 rr")
	ops.Service.OnePacket, ops.Service.Locals = true, "10.0.0.200"
	if err := b.Do(context.Background(), ops); err != nil {
		t.Fatal(err)
	}
	b.do("add-server udp 192.0.2.2:53 10.0.0.1:53 fullnat 1")
	b.borrowed(client + " > 192.0.2.2:53 udp")
	if n := lent(b); n != 0 {
		t.Errorf("%d ports are lent to a datagram that is gone", n)
	}
}

// TestGuardsOwnAddress: where the host holds the local address, the guard takes
// what comes back to our ports, as long as connections live, and the host's
// ports are left to it.
func TestGuardsOwnAddress(t *testing.T) {
	t.Parallel()
	b := fullNAT(t, "tcp", "10.0.0.100", "10.0.0.1:8080")
	b.roomy()
	want := func(when string, ends int) {
		t.Helper()
		if len(b.set.Ends) != ends || ends > 0 && !slices.Equal(b.set.EndPorts, []host.PortRange{{First: 1024, Last: 32767}, {First: 61000, Last: 65535}}) {
			t.Errorf("%s the guard has %v, %v", when, b.set.Ends, b.set.EndPorts)
		}
	}
	want("at first", 1)
	open := b.syns()
	for n := range 36_000 { // of 64512 - 28232
		if port := open(n).Port; port < 1024 || 32768 <= port && port <= 60999 {
			t.Fatalf("from port %d, which is the host's", port)
		}
	}
	b.want(1, "10.0.0.1:8080 > 10.0.0.100:40000 tcp SA", "not ours")
	b.do("delete-server tcp 192.0.2.1:80 10.0.0.1:8080")
	b.do("edit-service tcp 192.0.2.1:80 rr")
	want("while connections live", 1)
}

// TestHeldWhileInUse: an address that no service has any more is answered for as
// long as connections come from it.
func TestHeldWhileInUse(t *testing.T) {
	b := fullNAT(t, "tcp", "10.0.0.200", "10.0.0.1:8080")
	local := b.borrowed(client + " > 192.0.2.1:80 tcp S")
	moved := command("edit-service tcp 192.0.2.1:80 rr")
	moved.Service.Locals = "10.0.0.201"
	if err := b.Do(context.Background(), moved); err != nil {
		t.Fatal(err)
	}
	b.w.claims = nil
	b.want(1, "10.0.0.1:8080 > "+local+" tcp SA", "eth0 192.0.2.1:80 > "+client+" tcp SA ttl 63 to 02:00:c0:00:02:fe")
	if out := b.in(1, "arp who-has 10.0.0.200 tell 10.0.0.1"); !strings.Contains(out, "is-at") {
		t.Errorf("it is not answered for: %s", out)
	}
	if next := b.borrowed("198.51.100.7:99 > 192.0.2.1:80 tcp S"); !strings.HasPrefix(next, "10.0.0.201:") {
		t.Errorf("a new connection comes from %s", next)
	}
	b.now = 20 * time.Minute
	b.in(0, "198.51.100.9:1 > 203.0.113.1:1 tcp S")
	if err := b.Tick(b.now); err != nil {
		t.Fatal(err)
	}
	b.want(1, "arp who-has 10.0.0.200 tell 10.0.0.1", "not ours")
}

// TestLocalsAreWanted: fullnat and local addresses go together, and families do.
func TestLocalsAreWanted(t *testing.T) {
	b := newBench(t, "add-service tcp 192.0.2.1:80 rr")
	refused := func(line string, locals ulvs.Locals, want error) {
		t.Helper()
		c := command(line)
		c.Service.Locals = locals
		if err := b.Do(context.Background(), c); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", line, err, want)
		}
	}
	refused("add-server tcp 192.0.2.1:80 10.0.0.1:80 fullnat 1", "", ulvs.ErrNoLocals)
	refused("edit-service tcp 192.0.2.1:80 rr", "2001:db8::1", ulvs.ErrFamily)
	refused("add-service tcp 192.0.2.1:81 rr", "nonsense", ulvs.ErrInvalid)
	refused("edit-service tcp 192.0.2.1:80 rr", "10.0.0.200", nil)
	refused("add-server tcp 192.0.2.1:80 10.0.0.1:80 fullnat 1", "", nil)
	refused("edit-service tcp 192.0.2.1:80 rr", "", ulvs.ErrNoLocals)
	refused("edit-server tcp 192.0.2.1:80 10.0.0.1:80 nat 1", "", nil)
	refused("edit-service tcp 192.0.2.1:80 rr", "", nil)
	refused("edit-server tcp 192.0.2.1:80 10.0.0.1:80 fullnat 1", "", ulvs.ErrNoLocals)
}

// A new connection takes its port without allocating, once its pair is known.
func TestBorrowDoesNotAllocate(t *testing.T) {
	b := fullNAT(t, "tcp", "10.0.0.200", "10.0.0.1:8080")
	b.roomy()
	b.in(0, syn(1))
	d := b.w.cfg.dests[0]
	n := conntrack.New{Proto: packet.ProtoTCP, Mode: d.mode, Path: packet.Path{Server: packet.EndpointFrom(d.Addr)}}
	if k := testing.AllocsPerRun(100, func() {
		if b.w.borrow(&n, d) == packet.None {
			b.w.giveBack(&n.Path, n.Proto, n.Mode, d)
		}
	}); k != 0 {
		t.Errorf("%v allocations", k)
	}
}
