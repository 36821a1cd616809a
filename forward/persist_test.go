// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/packet"
)

// farm adds a service and servers 10.0.0.1 … in NAT, the last of which is
// picked first by rr.
func farm(b *bench, s ulvs.Service, servers ...string) {
	b.t.Helper()
	cmd := func(c ulvs.Command) {
		if err := b.Do(context.Background(), c); err != nil {
			b.t.Fatalf("%+v: %v", c, err)
		}
	}
	cmd(ulvs.Command{Verb: ulvs.AddService, Service: s})
	for _, a := range servers {
		cmd(ulvs.Command{Verb: ulvs.AddServer, Service: s, Server: ulvs.Server{
			Addr: netip.MustParseAddrPort(a), Mode: "nat", Weight: 1,
		}})
	}
}

func onPort(proto ulvs.Proto, addr, scheduler string) ulvs.Service {
	return ulvs.Service{ID: ulvs.ID{Proto: proto, Addr: netip.MustParseAddrPort(addr)}, Scheduler: scheduler}
}

func byMark(mark uint32, scheduler string) ulvs.Service {
	s := onPort(0, "0.0.0.0:0", scheduler)
	s.Mark = mark
	return s
}

// goes is the server that a packet of a client left for.
func (b *bench) goes(line string) string {
	b.t.Helper()
	got := b.in(0, line)
	_, rest, ok := strings.Cut(got, "> ")
	if !ok || !strings.HasPrefix(got, "eth1") {
		return got
	}
	to, _, _ := strings.Cut(rest, " ")
	return to
}

// templates are the templates there are, as ipvsadm -Lnc would tell them.
func (b *bench) templates() (all []string) {
	for c := range b.Conns(context.Background()) {
		if c.Template {
			all = append(all, fmt.Sprintf("%v %d %v %v %v %s", c.Proto, c.Left, c.Client, c.Virtual, c.Server, c.State))
		}
	}
	return all
}

// until lets time go by, second by second.
func (b *bench) until(end time.Duration) {
	b.t.Helper()
	for b.now < end {
		b.now += time.Second
		if _, err := b.Turn(b.now); err != nil {
			b.t.Fatal(err)
		}
	}
}

func equalLines(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// A client stays with its server for 360 s after its last new connection, to
// the second.
func TestPersistence(t *testing.T) {
	b, s := newBench(t), onPort(ulvs.UDP, "192.0.2.1:53", "rr")
	s.Persist = 360
	farm(b, s, "10.0.0.1:53", "10.0.0.2:53")
	if got := b.goes("198.51.100.7:1001 > 192.0.2.1:53 udp"); got != "10.0.0.2:53" {
		t.Fatal(got)
	}
	equalLines(t, "template", b.templates(), "UDP 360 198.51.100.7:0 192.0.2.1:53 10.0.0.2:53 NONE")
	b.in(1, "10.0.0.2:53 > 198.51.100.7:1001 udp")
	equalLines(t, "answered", b.templates(), "UDP 360 198.51.100.7:0 192.0.2.1:53 10.0.0.2:53 ASSURED")
	b.until(359 * time.Second)
	equalLines(t, "last second", b.templates(), "UDP 1 198.51.100.7:0 192.0.2.1:53 10.0.0.2:53 ASSURED")
	if got := b.goes("198.51.100.7:1002 > 192.0.2.1:53 udp"); got != "10.0.0.2:53" {
		t.Errorf("in time: %s", got)
	}
	b.until(360*time.Second + 359*time.Second) // 1002 was forgotten at 659 s
	equalLines(t, "over", b.templates())
	if got := b.goes("198.51.100.7:1003 > 192.0.2.1:53 udp"); got != "10.0.0.1:53" {
		t.Errorf("too late: %s", got)
	}
}

// A template that has run out while connections live gets a minute at a time,
// for good.
func TestTemplateWaitsForItsConnections(t *testing.T) {
	b, s := newBench(t), onPort(ulvs.TCP, "192.0.2.1:80", "rr")
	s.Persist = 100
	farm(b, s, "10.0.0.1:80", "10.0.0.2:80")
	b.in(0, "198.51.100.7:1001 > 192.0.2.1:80 tcp S")
	b.in(0, "198.51.100.7:1001 > 192.0.2.1:80 tcp A")
	b.until(100 * time.Second)
	equalLines(t, "spared", b.templates(), "TCP 60 198.51.100.7:0 192.0.2.1:80 10.0.0.2:80 ASSURED")
	b.until(899 * time.Second)
	if b.Status().Connections != 2 {
		t.Errorf("%d connections, want the child and its template", b.Status().Connections)
	}
	b.until(960 * time.Second) // the connection ended at 900 s, its template at the next full minute
	equalLines(t, "gone", b.templates())
}

// Clients of one network are one; other clients are not.
func TestPersistenceOfANetwork(t *testing.T) {
	b, s := newBench(t), onPort(ulvs.TCP, "192.0.2.1:0", "rr")
	s.Persist, s.Mask = 360, netip.MustParseAddr("255.255.255.0")
	farm(b, s, "10.0.0.1:0", "10.0.0.2:0")
	for line, want := range map[string]string{
		"198.51.100.7:1001 > 192.0.2.1:80 tcp S":  "10.0.0.2:80",
		"198.51.100.8:1001 > 192.0.2.1:443 tcp S": "10.0.0.2:443",
	} {
		if got := b.goes(line); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}
	if got := b.goes("203.0.113.7:1 > 192.0.2.1:80 tcp S"); got != "10.0.0.1:80" {
		t.Errorf("another network: %s", got)
	}
	equalLines(t, "templates", b.templates()[:1], "TCP 360 198.51.100.0:0 192.0.2.1:0 10.0.0.2:0 NONE")
}

// A mark joins what ports and protocols divide.
func TestMarkService(t *testing.T) {
	b, s := newBench(t), byMark(6666, "rr")
	s.Persist = 3000
	rule, err := ulvs.ParseMark(strings.Fields("-d 192.0.2.1 -p tcp -m multiport --dports 80,443 -j MARK --set-mark 6666"))
	if err == nil {
		err = b.Do(context.Background(), ulvs.Command{Verb: ulvs.AddMark, Mark: rule})
	}
	if err != nil {
		t.Fatal(err)
	}
	farm(b, onPort(ulvs.TCP, "192.0.2.1:80", "rr"), "10.0.0.3:80")
	farm(b, s, "10.0.0.1:0", "10.0.0.2:0")
	for _, line := range []string{"198.51.100.7:1 > 192.0.2.1:443 tcp S", "198.51.100.7:2 > 192.0.2.1:80 tcp S"} {
		if got := b.goes(line); !strings.HasPrefix(got, "10.0.0.2:") {
			t.Errorf("%s: %s", line, got)
		}
	}
	if got := b.goes("198.51.100.7:3 > 192.0.2.1:22 tcp S"); got != "not ours" {
		t.Errorf("unmarked: %s", got)
	}
	equalLines(t, "template", b.templates(), "? 3000 198.51.100.7:0 0.0.26.10:0 10.0.0.2:0 NONE")
	if err := b.Do(context.Background(), ulvs.Command{Verb: ulvs.FlushMarks}); err != nil {
		t.Fatal(err)
	}
	if got := b.goes("198.51.100.7:4 > 192.0.2.1:80 tcp S"); got != "10.0.0.3:80" {
		t.Errorf("without the rule: %s", got)
	}
}

// Each datagram of a one-packet service is scheduled; nothing stays.
func TestOnePacket(t *testing.T) {
	b, s := newBench(t), onPort(ulvs.UDP, "192.0.2.1:53", "rr")
	s.OnePacket = true
	farm(b, s, "10.0.0.1:53", "10.0.0.2:53")
	for i, want := range []string{"10.0.0.2:53", "10.0.0.1:53", "10.0.0.2:53"} {
		if got := b.goes("198.51.100.7:1 > 192.0.2.1:53 udp"); got != want {
			t.Errorf("datagram %d: %s, want %s", i+1, got, want)
		}
	}
	for row := range b.List(context.Background(), ulvs.Query{}) {
		if row.Stats.Conns != 3 || row.Servers[0].Inactive+row.Servers[1].Inactive != 0 {
			t.Errorf("%+v", row)
		}
	}
}

// Both edges of what the kernel's parser takes for a Call-ID.
func TestCallID(t *testing.T) {
	for message, want := range map[string]string{
		"INVITE sip:a@b SIP/2.0\r\nCall-ID: f81d4fae@host.com\r\n\r\n": "f81d4fae@host.com",
		"INVITE x\r\nVia: y\r\ni:short\r\n":                            "short",
		"INVITE x\ncall-id  :  word\n":                                 "word",
		"INVITE x\r\nCall-ID: word@\r\n":                               "",
		"INVITE x\r\nCall-ID: two words\r\n":                           "",
		"INVITE x\r\nCall-ID: cut":                                     "",
		"Call-ID: first line\r\n\r\n":                                  "",
		"INVITE x\r\nX-Call-ID: other\r\n":                             "",
		"INVITE x\r\nCall-ID: " + strings.Repeat("a", 255) + "\r\n":    strings.Repeat("a", 255),
		"INVITE x\r\nCall-ID: " + strings.Repeat("a", 256) + "\r\n":    "",
	} {
		buf := append(make([]byte, sizeUDP), message...)
		p := packet.Packet{Buf: buf, End: len(buf), Flow: packet.Flow{Proto: packet.ProtoUDP}}
		if got := string(callID(&p)); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
}

// The kernel's rates, as the specification has worked them out.
func TestEstimator(t *testing.T) {
	for _, c := range []struct {
		grow func(tick int) traffic
		of   func(traffic) uint64
		want string
	}{
		{func(int) traffic { return traffic{InPkts: 100} }, func(r traffic) uint64 { return r.InPkts },
			"[12 22 29 34 38 41 43 45 46 47 48 48]"},
		{func(i int) traffic { return traffic{Conns: uint64(100 * (1 - min(i/6, 1)))} }, func(r traffic) uint64 { return r.Conns },
			"[12 22 29 34 38 41 31 23 17 13 10 7 5 4 3 2]"},
		{func(int) traffic { return traffic{OutBytes: 150000} }, func(r traffic) uint64 { return r.OutBytes },
			"[18750 32812 43359 51270 57202 61652 64989 67491]"},
	} {
		var m meter
		var got []uint64
		for i := range len(strings.Fields(c.want)) {
			g := c.grow(i)
			m.Conns += g.Conns
			m.InPkts += g.InPkts
			m.OutBytes += g.OutBytes
			m.rate.look(&m.traffic)
			got = append(got, c.of(m.rate.rates()))
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%v\nwant %s", got, c.want)
		}
	}
}

// A server that answers slowly gets fewer connections from ewma.
func TestLatencyIsMeasured(t *testing.T) {
	b := newBench(t)
	farm(b, onPort(ulvs.TCP, "192.0.2.1:80", "ewma"), "10.0.0.1:80", "10.0.0.2:80")
	for i, slow := range []time.Duration{time.Second, time.Millisecond} {
		to := b.goes(fmt.Sprintf("198.51.100.7:%d > 192.0.2.1:80 tcp S", i+1))
		if want := fmt.Sprintf("10.0.0.%d:80", 2-i); to != want {
			t.Fatalf("first look at each: %s, want %s", to, want)
		}
		b.now += slow
		b.in(1, fmt.Sprintf("%s > 198.51.100.7:%d tcp SA", to, i+1))
	}
	if got := b.goes("198.51.100.7:9 > 192.0.2.1:80 tcp S"); got != "10.0.0.1:80" {
		t.Errorf("the slow one: %s", got)
	}
}
