// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
)

const client = "198.51.100.7:1234"

func webNAT(t testing.TB) *bench {
	return newBench(t, "add-service tcp 192.0.2.1:80 rr",
		"add-server tcp 192.0.2.1:80 10.0.0.1:8080 nat 1", "add-server tcp 192.0.2.1:80 10.0.0.2:8080 nat 1")
}

// Both directions are translated, and each frame goes to the right neighbour.
func TestNAT(t *testing.T) {
	b := webNAT(t)
	b.want(0, client+" > 192.0.2.1:80 tcp S", "eth1 "+client+" > 10.0.0.2:8080 tcp S ttl 63 to 02:00:0a:00:00:02")
	b.want(1, "10.0.0.2:8080 > "+client+" tcp SA", "eth0 192.0.2.1:80 > "+client+" tcp SA ttl 63 to 02:00:c0:00:02:fe")
	b.want(0, client+" > 192.0.2.1:80 tcp A", "eth1 "+client+" > 10.0.0.2:8080 tcp A ttl 63 to 02:00:0a:00:00:02")
	b.want(0, "198.51.100.7:1235 > 192.0.2.1:80 tcp S", "eth1 198.51.100.7:1235 > 10.0.0.1:8080 tcp S ttl 63 to 02:00:0a:00:00:01")
}

// dr changes the next hop and nothing else.
func TestDR(t *testing.T) {
	b := newBench(t, "add-service tcp 192.0.2.1:80 rr", "add-server tcp 192.0.2.1:80 10.0.0.1:80 dr 1")
	b.want(0, client+" > 192.0.2.1:80 tcp S", "eth1 "+client+" > 192.0.2.1:80 tcp S ttl 63 to 02:00:0a:00:00:01")
}

// What is nobody's is the host's; what only we see is answered for the host.
func TestStrays(t *testing.T) {
	b := webNAT(t)
	b.want(0, client+" > 192.0.2.1:81 tcp S", "not ours")
	b.want(0, client+" > 192.0.2.100:80 tcp S", "not ours")
	b.want(0, client+" > 192.0.2.1:80 tcp A ack 77", "eth0 192.0.2.1:80 > "+client+" tcp R seq 77 df to 02:00:c0:00:02:fe; stray")
	b.want(0, client+" > 192.0.2.1:80 tcp R", "stray")
	b.want(1, "10.0.0.1:22 > "+client+" tcp SA", "not ours")
	b.want(1, "10.0.0.1:8080 > "+client+" tcp SA", "eth0 10.0.0.1:8080 > "+client+" tcp SA ttl 63 to 02:00:c0:00:02:fe")
	b.want(0, "192.0.2.1:80 > 203.0.113.1:1 tcp S mac 02:00:00:00:00:05 > ff:ff:ff:ff:ff:ff not-to-us", "not ours")
}

// A server that nobody may choose gives ICMP 3/3, never a RST.
func TestNoServer(t *testing.T) {
	b := newBench(t, "add-service tcp 192.0.2.1:80 wlc", "add-server tcp 192.0.2.1:80 10.0.0.1:80 nat 0")
	b.want(0, client+" > 192.0.2.1:80 tcp S",
		"eth0 192.0.2.1 > 198.51.100.7 icmp port-unreachable { "+client+" > 192.0.2.1:80 tcp S } tos 0xc0 to 02:00:c0:00:02:fe; no server available")
	if n := b.w.table.Len(); n != 0 {
		t.Errorf("%d connections, want none", n)
	}
}

// A deleted server's connections fall silent one way; back again, they live on.
func TestTrash(t *testing.T) {
	b := webNAT(t)
	b.in(0, client+" > 192.0.2.1:80 tcp S")
	b.do("delete-server tcp 192.0.2.1:80 10.0.0.2:8080")
	b.want(0, client+" > 192.0.2.1:80 tcp A", "server deleted")
	b.want(1, "10.0.0.2:8080 > "+client+" tcp SA", "eth0 192.0.2.1:80 > "+client+" tcp SA ttl 63 to 02:00:c0:00:02:fe")
	b.do("add-server tcp 192.0.2.1:80 10.0.0.2:8080 nat 1")
	b.want(0, client+" > 192.0.2.1:80 tcp A", "eth1 "+client+" > 10.0.0.2:8080 tcp A ttl 63 to 02:00:0a:00:00:02")
}

// A deleted server whose connections have ended is forgotten after three to four minutes.
func TestTrashIsEmptied(t *testing.T) {
	b := webNAT(t)
	b.do("delete-server tcp 192.0.2.1:80 10.0.0.2:8080")
	for b.now = 0; b.now < 170*time.Second; b.now += time.Second {
		if err := b.Tick(b.now); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.book.trash.dests) != 1 {
		t.Fatal("forgotten too early")
	}
	for ; b.now < 190*time.Second; b.now += time.Second {
		_ = b.Tick(b.now)
	}
	if len(b.book.trash.dests) != 0 || b.book.dests[1] != nil {
		t.Fatal("not forgotten")
	}
}

// The guard is told what the data path answers for, before and after.
func TestGuardFollows(t *testing.T) {
	b := webNAT(t)
	if len(b.set.Virtual) != 1 || len(b.set.Real) != 2 || len(b.set.Held) != 0 {
		t.Errorf("the guard holds %+v", b.set)
	}
	b.do("add-service udp 192.0.2.77:53 rr") // on no interface: ours alone
	if len(b.set.Held) != 1 || len(b.set.Virtual) != 2 {
		t.Errorf("the guard holds %+v", b.set)
	}
	b.do("flush")
	if len(b.set.Virtual) != 0 || len(b.set.Real) != 0 || len(b.set.Held) != 0 {
		t.Errorf("after a flush the guard holds %+v", b.set)
	}
}

// A VIP that nobody holds is answered for, and is a host of its own.
func TestHeld(t *testing.T) {
	b := newBench(t, "add-service udp 192.0.2.77:53 rr")
	b.want(1, "arp who-has 192.0.2.77 tell 10.0.0.1", "eth0 arp who-has 192.0.2.77 to ff:ff:ff:ff:ff:ff; not ours") // a probe
	for range 2 {
		b.now += time.Second
		b.want(1, "arp who-has 10.0.0.200 tell 10.0.0.1", "eth0 arp who-has 192.0.2.77 tell 192.0.2.77 to ff:ff:ff:ff:ff:ff; not ours") // told twice
	}
	b.now += time.Second
	b.want(0, "arp who-has 192.0.2.77 tell 192.0.2.254", "eth0 arp 192.0.2.77 is-at 02:00:00:00:01:00 tell 192.0.2.254 to 02:00:00:00:00:01; not ours")
	b.want(1, "arp who-has 192.0.2.77 tell 10.0.0.1", "not ours")
	b.want(0, "arp who-has 192.0.2.1 tell 192.0.2.254", "not ours")
	b.want(0, client+" > 192.0.2.77:80 tcp S seq 5", "eth0 192.0.2.77:80 > "+client+" tcp RA ack 6 df to 02:00:c0:00:02:fe; stray")
}

// Refusals leave everything as it was.
func TestRefusals(t *testing.T) {
	b := webNAT(t)
	for line, want := range map[string]error{
		"add-service tcp 192.0.2.1:80 rr":                      ulvs.ErrServiceExists,
		"add-service tcp [::ffff:192.0.2.1]:80 rr":             ulvs.ErrInvalid,
		"add-service tcp 192.0.2.2:80 nosuch":                  ulvs.ErrNoScheduler,
		"edit-service tcp 192.0.2.9:80 rr":                     ulvs.ErrNoService,
		"delete-service tcp 192.0.2.9:80":                      ulvs.ErrNoService,
		"add-server tcp 192.0.2.1:80 10.0.0.1:8080 nat 1":      ulvs.ErrServerExists,
		"add-server tcp 192.0.2.1:80 224.0.0.1:8080 nat 1":     ulvs.ErrInvalid,
		"add-server tcp 192.0.2.1:80 255.255.255.255:80 nat 1": ulvs.ErrInvalid,
		"add-server tcp 192.0.2.1:80 10.0.0.255:80 nat 1":      ulvs.ErrInvalid,
		"add-server tcp 192.0.2.1:80 0.1.2.3:80 nat 1":         ulvs.ErrInvalid,
		"add-server tcp 192.0.2.1:80 [2001:db8::1]:80 nat 1":   ulvs.ErrFamily,
		"add-server tcp 192.0.2.1:80 10.0.0.3:8080 nat -1":     ulvs.ErrRange,
		"add-server tcp 192.0.2.1:80 10.0.0.3:8080 nosuch 1":   ulvs.ErrNotYetSupported,
		"delete-server tcp 192.0.2.1:80 10.0.0.3:8080":         ulvs.ErrNoServer,
		"edit-server tcp 192.0.2.1:80 10.0.0.3:8080 nat 1":     ulvs.ErrNoServer,
		"delete-server tcp 192.0.2.9:80 10.0.0.3:8080":         ulvs.ErrNoService,
	} {
		if err := b.Do(t.Context(), command(line)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", line, err, want)
		}
	}
	rows, err := b.rows(ulvs.Query{})
	if err != nil || len(rows) != 1 || len(rows[0].Servers) != 2 {
		t.Errorf("the services are now %+v, %v", rows, err)
	}
}

// Step allocates nothing: not for a packet of a connection, not for a new one,
// not for an answer of ours, an error, a fragment, one that is cut up or waits.
func TestStepAllocatesNothing(t *testing.T) {
	b := webNAT(t)
	b.do("add-service udp 192.0.2.1:53 wlc")
	b.do("add-server udp 192.0.2.1:53 10.0.0.1:53 nat 1")
	b.do("add-service udp 192.0.2.1:54 wrr")
	b.do("add-server udp 192.0.2.1:54 10.0.0.9:53 nat 1") // who never answers
	b.in(0, client+" > 192.0.2.1:80 tcp S")
	b.in(0, client+" > 192.0.2.1:54 udp")
	for _, line := range []string{
		client + " > 192.0.2.1:80 tcp A",
		client + " > 192.0.2.1:81 tcp S",
		"203.0.113.5:9 > 192.0.2.1:80 tcp A",
		"10.0.0.2 > 198.51.100.7 icmp port-unreachable { " + client + " > 10.0.0.2:8080 tcp A }",
		client + " > 192.0.2.1:53 udp len 1000 id 7 frag 0+",
		client + " > 192.0.2.1:54 udp",
	} {
		if n := testing.AllocsPerRun(1000, stepOf(t, b, line, false)); n != 0 {
			t.Errorf("%s: %v allocations", line, n)
		}
	}
	opened := b.w.table.Len()
	if n := testing.AllocsPerRun(1000, stepOf(t, b, client+" > 192.0.2.1:80 tcp S", true)); n != 0 {
		t.Errorf("new connections: %v allocations", n)
	}
	if b.w.table.Len() < opened+1000 {
		t.Errorf("only %d connections were new", b.w.table.Len()-opened)
	}
}

// stepOf is a Step of one packet, each time from another client port if fresh.
func stepOf(t testing.TB, b *bench, line string, fresh bool) func() {
	clean := frame(line, make([]byte, room))
	buf, batch, port := make([]byte, room), make([]packet.Packet, 1), uint16(2000)
	return func() {
		copy(buf, clean.Buf[:clean.End])
		batch[0] = packet.Packet{Buf: buf, Off: clean.Off, End: clean.End, ToUs: true}
		if fresh {
			port++
			if why := batch[0].Parse(); why != packet.None {
				t.Fatal(why)
			}
			batch[0].SetSrc(packet.Endpoint{Addr: batch[0].Flow.Src.Addr, Port: port})
		}
		b.w.Step(batch, b.now)
	}
}

// BenchmarkStep is steps 2 to 6 for a packet of a connection.
func BenchmarkStep(bm *testing.B) {
	b := webNAT(bm)
	b.in(0, client+" > 192.0.2.1:80 tcp S")
	clean := frame(client+" > 192.0.2.1:80 tcp A", make([]byte, room))
	bufs := make([]byte, Batch*2048)
	batch := make([]packet.Packet, Batch)
	bm.ReportAllocs()
	for bm.Loop() {
		for i := range batch {
			buf := bufs[i*2048 : (i+1)*2048]
			copy(buf[clean.Off:], clean.Buf[clean.Off:clean.End])
			batch[i] = packet.Packet{Buf: buf, Off: clean.Off, End: clean.End, ToUs: true}
		}
		b.w.Step(batch, b.now)
	}
	bm.ReportMetric(float64(bm.Elapsed().Nanoseconds())/float64(bm.N*Batch), "ns/packet")
}

// From where no packet can come, none opens a connection or gets an answer.
func TestMartians(t *testing.T) {
	b := webNAT(t)
	for _, src := range []string{"127.0.0.1", "0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "10.0.0.255", "192.0.2.1", "10.0.0.100"} {
		b.want(0, src+":1234 > 192.0.2.1:80 tcp S", "martian source")
		b.want(0, src+":1234 > 192.0.2.1:80 tcp A", "martian source")
	}
	b.want(0, client+" > 192.0.2.1:80 tcp A sum bad", "bad checksum")
}

// Packets that wait leave in the order in which they came.
func TestWaitingInOrder(t *testing.T) {
	b := newBench(t, "add-service udp 192.0.2.1:53 rr", "add-server udp 192.0.2.1:53 10.0.0.9:53 nat 1")
	want := ""
	for i := range 8 {
		b.in(0, fmt.Sprintf("198.51.100.7:%d > 192.0.2.1:53 udp", 2000+i))
		want += fmt.Sprintf("eth1 198.51.100.7:%d > 10.0.0.9:53 udp ttl 63 to 02:00:0a:00:00:09; ", 2000+i)
	}
	b.want(1, "arp 10.0.0.9 is-at 02:00:0a:00:00:09 tell 10.0.0.100", want+"not ours")
}

// A flood towards addresses that nobody has does not keep out who answers.
func TestWaitingFlood(t *testing.T) {
	b := webNAT(t)
	b.do("add-service udp 192.0.2.1:53 rr")
	b.do("add-server udp 192.0.2.1:53 10.0.0.9:53 nat 1")
	for i := range 600 {
		b.in(0, fmt.Sprintf("192.0.2.%d:%d > 192.0.2.1:80 tcp A", 120+i%100, 2000+i)) // each wants a RST
	}
	b.in(0, client+" > 192.0.2.1:53 udp")
	b.want(1, "arp 10.0.0.9 is-at 02:00:0a:00:00:09 tell 10.0.0.100", "eth1 "+client+" > 10.0.0.9:53 udp ttl 63 to 02:00:0a:00:00:09; not ours")
}

// A super-frame of datagrams towards a smaller MTU keeps its datagrams.
func TestDatagramsStayWhole(t *testing.T) {
	b := newBench(t, "add-service udp 192.0.2.1:53 rr", "add-server udp 192.0.2.1:53 10.0.0.1:53 nat 1")
	f := facts()
	f.Interfaces[1].MTU = 1000
	if err := b.SetHost(host.Build(f)); err != nil {
		t.Fatal(err)
	}
	got := b.in(0, client+" > 192.0.2.1:53 udp gso 1400 len 3000 partial id 7")
	if n := strings.Count(got, "eth1"); n != 5 { // two of 1400 in two pieces each, one of 200
		t.Errorf("%d frames left: %s", n, got)
	}
}
