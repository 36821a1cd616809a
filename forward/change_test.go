// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
)

// While a service is taken down and put up again in one Apply, and one change
// after the other, no packet meets a half of it.
func TestChangesUnderTraffic(t *testing.T) {
	b := webNAT(t)
	b.eth[1].deaf, b.eth[0].deaf = true, true
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	b.eth[0].endless = client + " > 192.0.2.1:80 tcp S"
	go func() { done <- b.Run(ctx) }()
	lines := func(lines ...string) (c []ulvs.Command) {
		for _, l := range lines {
			c = append(c, command(l))
		}
		return c
	}
	whole := lines("flush", "add-service tcp 192.0.2.1:80 rr",
		"add-server tcp 192.0.2.1:80 10.0.0.1:8080 nat 1", "add-server tcp 192.0.2.1:80 10.0.0.2:8080 nat 1")
	single := lines("add-server tcp 192.0.2.1:80 10.0.0.3:8080 nat 1", "edit-server tcp 192.0.2.1:80 10.0.0.3:8080 dr 2",
		"delete-server tcp 192.0.2.1:80 10.0.0.3:8080", "edit-service tcp 192.0.2.1:80 lc", "edit-service tcp 192.0.2.1:80 rr")
	for range 100 {
		err := b.Apply(ctx, slices.Values(whole), func(_ int, err error) error { return err })
		for _, c := range single {
			err = errors.Join(err, b.Do(ctx, c))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	drops := b.Status().Drops
	stop()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if n := drops[packet.NoServer.Error()]; n != 0 {
		t.Errorf("%d packets found no server, though there always was one: %v", n, drops)
	}
}

// If the guard cannot be told, nothing has happened.
func TestGuardFails(t *testing.T) {
	b := webNAT(t)
	before := fmt.Sprint(b.rows(ulvs.Query{}))
	b.fail = errors.New("no")
	for _, line := range []string{
		"add-service udp 192.0.2.1:53 rr", "delete-server tcp 192.0.2.1:80 10.0.0.1:8080 ",
		"add-server tcp 192.0.2.1:80 10.0.0.3:8080 nat 1", "delete-service tcp 192.0.2.1:80",
	} {
		err := b.Do(t.Context(), command(line))
		if told := strings.HasPrefix(line, "add"); (err != nil) != told {
			t.Errorf("%s: %v", line, err) // what only takes away is tried again later
		}
		if told := strings.HasPrefix(line, "add"); told && fmt.Sprint(b.rows(ulvs.Query{})) != before {
			t.Errorf("%s left a trace", line)
		}
		b.fail = nil
		b.do("flush")
		for _, l := range []string{"add-service tcp 192.0.2.1:80 rr",
			"add-server tcp 192.0.2.1:80 10.0.0.1:8080 nat 1", "add-server tcp 192.0.2.1:80 10.0.0.2:8080 nat 1"} {
			b.do(l)
		}
		b.fail = errors.New("no")
	}
}

// What only takes away takes effect even if the guard cannot be told; Tick tells it later.
func TestGuardIsToldLater(t *testing.T) {
	b := webNAT(t)
	b.fail = errors.New("no")
	b.do("flush")
	b.fail = nil
	if len(b.set.Virtual) != 1 {
		t.Fatalf("the guard takes %v", b.set)
	}
	if err := b.Tick(b.now); err != nil || len(b.set.Virtual) != 0 {
		t.Errorf("the guard takes %v, %v", b.set, err)
	}
}

// A deleted service without connections gives its port back to the host.
func TestDeletedServiceIsTheHosts(t *testing.T) {
	b := webNAT(t)
	b.do("add-service udp 192.0.2.1:53 rr")
	b.in(0, client+" > 192.0.2.1:80 tcp S")
	b.do("delete-service tcp 192.0.2.1:80")
	b.want(0, client+" > 192.0.2.1:80 tcp A", "server deleted")
	b.now += time.Hour
	b.in(0, "arp who-has 10.0.0.1 tell 192.0.2.254") // time passes
	if err := b.Tick(b.now); err != nil {
		t.Fatal(err)
	}
	b.want(0, client+" > 192.0.2.1:80 tcp S", "not ours")
}

// Statistics belong to the service: a new one begins at zero.
func TestStatisticsOfANewService(t *testing.T) {
	b := webNAT(t)
	b.in(0, client+" > 192.0.2.1:80 tcp S")
	b.do("delete-service tcp 192.0.2.1:80")
	b.do("add-service tcp 192.0.2.1:80 rr")
	b.do("add-server tcp 192.0.2.1:80 10.0.0.2:8080 nat 1")
	rows, err := b.rows(ulvs.Query{})
	if err != nil || rows[0].Stats != (ulvs.Stats{}) || rows[0].Servers[0].Stats != (ulvs.Stats{}) {
		t.Errorf("%+v, %v", rows, err)
	}
	if rows[0].Servers[0].Active != 1 {
		t.Errorf("its connection did not come back with it: %+v", rows[0])
	}
}

// A packet that waits goes when the host learns the neighbour, and a later
// fragment of a segment does not end its connection.
func TestHostLearnsNeighbour(t *testing.T) {
	b := newBench(t, "add-service udp 192.0.2.1:53 rr", "add-server udp 192.0.2.1:53 10.0.0.9:53 nat 1")
	b.want(0, client+" > 192.0.2.1:53 udp", "eth1 arp who-has 10.0.0.9 tell 10.0.0.100 to ff:ff:ff:ff:ff:ff")
	f := facts()
	f.Neighbours = append(f.Neighbours, host.Neighbour{IfIndex: 2, Addr: packet.Addr{10: 0xff, 11: 0xff, 12: 10, 15: 9}, MAC: serverMAC(9)})
	if err := b.SetHost(host.Build(f)); err != nil {
		t.Fatal(err)
	}
	b.want(1, "arp who-has 10.0.0.100 tell 10.0.0.1", "eth1 "+client+" > 10.0.0.9:53 udp ttl 63 to 02:00:0a:00:00:09; not ours")
	if len(b.w.wait.queue) != 0 {
		t.Errorf("%d packets wait", len(b.w.wait.queue))
	}
}

func TestLaterFragmentOfASegment(t *testing.T) {
	b := webNAT(t)
	b.in(0, client+" > 192.0.2.1:80 tcp S")
	b.in(1, "10.0.0.2:8080 > "+client+" tcp SA")
	b.in(0, client+" > 192.0.2.1:80 tcp A")
	b.in(0, client+" > 192.0.2.1:80 tcp A len 1000 id 7 frag 0+")
	b.in(0, "198.51.100.7 > 192.0.2.1 tcp len 500 id 7 frag 1024")
	rows, err := b.rows(ulvs.Query{})
	if err != nil || rows[0].Servers[0].Active != 1 {
		t.Errorf("%+v, %v", rows, err)
	}
	if got := rows[0].Servers[0].Stats; got.InPkts != 3 {
		t.Errorf("%+v, want 3 packets in: the datagram counts once", got)
	}
}

// A route's MTU that nothing can pass is no way; a small one cuts.
func TestSmallMTU(t *testing.T) {
	for mtu, want := range map[int]string{
		10: "no route",
		68: "eth1 " + client + " > 10.0.0.1:53 udp ",
	} {
		b := newBench(t, "add-service udp 192.0.2.1:53 rr", "add-server udp 192.0.2.1:53 10.0.0.1:53 nat 1")
		f := facts()
		f.Interfaces[1].MTU = mtu
		if err := b.SetHost(host.Build(f)); err != nil {
			t.Fatal(err)
		}
		got := b.in(0, client+" > 192.0.2.1:53 udp len 100 id 9")
		if !strings.Contains(got, want) {
			t.Errorf("mtu %d: %s", mtu, got)
		}
		if mtu == 68 && strings.Count(got, "eth1") != 3 {
			t.Errorf("mtu %d: want three pieces of 48 bytes or less: %s", mtu, got)
		}
	}
}

// Who else says that a VIP is his is a rival: we hold back, and say so.
func TestRival(t *testing.T) {
	b := newBench(t, "add-service udp 192.0.2.77:53 rr")
	b.in(0, "arp 192.0.2.77 is-at 02:00:00:00:09:09 tell 192.0.2.254")
	b.now += time.Minute
	b.in(0, "arp who-has 192.0.2.99 tell 192.0.2.254")
	b.want(0, "arp who-has 192.0.2.77 tell 192.0.2.254", "not ours")
	if st := b.Status(); len(st.Rivals) != 1 {
		t.Errorf("status names %v", st.Rivals)
	}
}

// A scheduler may hold the list it was given until the next Update: what rr has
// picked last is last, also when a server was added or deleted since.
func TestSchedulerKeepsItsPlace(t *testing.T) {
	b := newBench(t, "add-service udp 192.0.2.1:53 rr")
	port := 2000
	picks := func(want ...int) {
		t.Helper()
		for _, n := range want {
			port++
			got := b.in(0, fmt.Sprintf("198.51.100.7:%d > 192.0.2.1:53 udp", port))
			if !strings.Contains(got, fmt.Sprintf("> 10.0.0.%d:53 udp", n)) {
				t.Errorf("request %d: want server %d: %s", port, n, got)
			}
		}
	}
	add := func(n int) { b.do(fmt.Sprintf("add-server udp 192.0.2.1:53 10.0.0.%d:53 nat 1", n)) }
	f := facts()
	for n := byte(4); n <= 9; n++ {
		f.Neighbours = append(f.Neighbours, host.Neighbour{IfIndex: 2, Addr: packet.Addr{10: 0xff, 11: 0xff, 12: 10, 15: n}, MAC: serverMAC(n), Permanent: true})
	}
	if err := b.SetHost(host.Build(f)); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 4; n++ {
		add(n)
	}
	b.do("add-server udp 192.0.2.1:53 10.0.0.5:53 nat 1")
	b.do("delete-server udp 192.0.2.1:53 10.0.0.5:53") // leaves room behind the list
	picks(4, 3)
	add(6)
	picks(2, 1, 6, 4)
	b.do("delete-server udp 192.0.2.1:53 10.0.0.4:53") // who was picked last
	picks(3, 2, 1, 6, 3)
}
