// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"

	"github.com/mdlayher/netlink"
	vishvananda "github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// watching starts Watch in the namespace and gives a function that waits for a
// snapshot of which a claim holds.
func watching(t *testing.T, ns netns.NsHandle) func(claim string, holds func(*Snapshot) bool) {
	ctx, cancel := context.WithCancel(context.Background())
	snapshots, done := make(chan *Snapshot, 1000), make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := netns.Set(ns); err != nil {
			done <- err
			return
		}
		done <- Watch(ctx, func(s *Snapshot) { snapshots <- s })
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return func(claim string, holds func(*Snapshot) bool) {
		t.Helper()
		late := time.After(10 * time.Second)
		for {
			select {
			case s := <-snapshots:
				if holds(s) {
					return
				}
			case <-late:
				t.Fatalf("no snapshot in which %s", claim)
			}
		}
	}
}

func TestWatch(t *testing.T) {
	ns := namespace(t)
	d, _ := veth(t, "d0", "c0")
	until := watching(t, ns)
	ifindex := d.Attrs().Index

	until("d0 is a port", func(s *Snapshot) bool { return len(s.Ports()) == 2 && s.Refuse("d0") == nil })
	ip(t, "addr add 192.0.2.1/24 dev d0")
	ip(t, "addr add 2001:db8::1/64 dev d0 nodad")
	until("its addresses are local", func(s *Snapshot) bool {
		return s.Local(addr("192.0.2.1")) && s.Local(addr("2001:db8::1")) && s.OnLink(ifindex, addr("192.0.2.9"))
	})
	ip(t, "route add 10.0.0.0/8 via 192.0.2.254 mtu 1400 src 192.0.2.1")
	ip(t, "route add 10.1.0.0/16 via inet6 fe80::7 dev d0")
	ip(t, "route add prohibit 10.2.0.0/16")
	ip(t, "route add 10.3.0.0/16 nexthop via 192.0.2.3 nexthop via 192.0.2.4")
	ip(t, "route add default via 192.0.2.253")
	ip(t, "-6 route add default via fe80::8 dev d0")
	until("there are routes", func(s *Snapshot) bool {
		return routes(s, "10.9.9.9", Route{IfIndex: ifindex, Gateway: addr("192.0.2.254"), MTU: 1400, Src: addr("192.0.2.1")}) &&
			routes(s, "10.1.9.9", Route{IfIndex: ifindex, Gateway: addr("fe80::7"), MTU: 1500}) &&
			routes(s, "10.2.9.9", Route{Kind: Prohibit}) &&
			routes(s, "10.3.9.9", Route{IfIndex: ifindex, Gateway: addr("192.0.2.3"), MTU: 1500}) &&
			routes(s, "203.0.113.9", Route{IfIndex: ifindex, Gateway: addr("192.0.2.253"), MTU: 1500}) &&
			routes(s, "2001:db8:f::1", Route{IfIndex: ifindex, Gateway: addr("fe80::8"), MTU: 1500})
	})
	ip(t, "neigh add 192.0.2.9 lladdr 02:00:00:00:00:09 dev d0 nud permanent")
	ip(t, "neigh add 192.0.2.8 lladdr 02:00:00:00:00:08 dev d0 nud stale")
	until("there are neighbours", func(s *Snapshot) bool {
		nine, _ := s.Neighbour(ifindex, addr("192.0.2.9"))
		eight, _ := s.Neighbour(ifindex, addr("192.0.2.8"))
		return nine[5] == 9 && eight[5] == 8 && s.Permanent(ifindex, addr("192.0.2.9")) && !s.Permanent(ifindex, addr("192.0.2.8"))
	})
	ip(t, "neigh del 192.0.2.8 dev d0")
	until("a neighbour is gone", func(s *Snapshot) bool {
		_, ok := s.Neighbour(ifindex, addr("192.0.2.8"))
		return !ok
	})
	ip(t, "link set d0 down")
	until("d0 is down and its routes are gone", func(s *Snapshot) bool {
		_, ok := s.Route(addr("10.9.9.9"))
		return s.Refuse("d0") != nil && !ok
	})
	ip(t, "link del d0")
	until("d0 is gone", func(s *Snapshot) bool { _, ok := s.ByName("d0"); return !ok && !s.Local(addr("192.0.2.1")) })
}

func TestWatchForwarding(t *testing.T) {
	ns := namespace(t)
	veth(t, "d0", "c0")
	until := watching(t, ns)
	forwards := func(v4, v6 bool) func(*Snapshot) bool {
		return func(s *Snapshot) bool {
			i, ok := s.ByName("d0")
			return ok && i.Forwarding4 == v4 && i.Forwarding6 == v6
		}
	}
	until("nothing forwards", forwards(false, false))
	sysctl(t, "ipv4/ip_forward", "1")
	until("IPv4 is forwarded", forwards(true, false))
	sysctl(t, "ipv6/conf/all/forwarding", "1")
	until("both are forwarded", forwards(true, true))
	sysctl(t, "ipv4/conf/d0/forwarding", "0")
	until("IPv4 is not forwarded from d0", forwards(false, true))
	sysctl(t, "ipv6/conf/all/forwarding", "0")
	until("nothing forwards again", forwards(false, false))
}

func TestWatchStackedDevices(t *testing.T) {
	ns := namespace(t)
	veth(t, "d0", "c0")
	veth(t, "d1", "c1")
	must(t, vishvananda.LinkAdd(&vishvananda.Macvlan{
		LinkAttrs: vishvananda.LinkAttrs{Name: "mv0", ParentIndex: up(t, "d0").Attrs().Index},
	}))
	must(t, vishvananda.LinkAdd(&vishvananda.Bridge{LinkAttrs: vishvananda.LinkAttrs{Name: "br0"}}))
	br := up(t, "br0")
	must(t, vishvananda.LinkSetMaster(up(t, "d1"), br))
	watching(t, ns)("only the tops are ports", func(s *Snapshot) bool {
		over, below := s.Refuse("d0"), s.Refuse("d1")
		return s.Refuse("br0") == nil && s.Refuse("c0") == nil && below != nil && over != nil &&
			over.Error() == "use d0: mv0 lives on top of it: use mv0 instead" &&
			below.Error() == "use d1: it belongs to br0: use br0 instead"
	})
}

func TestLostNoticesRingForEverything(t *testing.T) {
	neigh := netlink.Message{Header: netlink.Header{Type: unix.RTM_DELNEIGH}}
	link := netlink.Message{Header: netlink.Header{Type: unix.RTM_NEWLINK}}
	if about([]netlink.Message{neigh}, false) != neighboursOnly {
		t.Error("a neighbour is more than a neighbour")
	}
	if about([]netlink.Message{neigh, link}, false) != everything || about(nil, true) != everything {
		t.Error("a link, or a loss, is no more than a neighbour")
	}
}

// TestWatchSurvivesLoss floods a bell that has room for next to nothing before
// anybody listens.
func TestWatchSurvivesLoss(t *testing.T) {
	namespace(t)
	d, _ := veth(t, "d0", "c0")
	r, bell, err := openWatch()
	must(t, err)
	defer r.close()
	must(t, bell.SetReadBuffer(1))
	for i := range 200 {
		must(t, vishvananda.NeighAdd(&vishvananda.Neigh{
			LinkIndex: d.Attrs().Index, IP: net.IPv4(192, 0, 2, byte(i+1)), State: unix.NUD_PERMANENT,
			HardwareAddr: net.HardwareAddr{2, 0, 0, 0, 0, 9},
		}))
	}
	rings := make(chan scope, 1)
	go ring(bell, rings)
	s, rung := <-rings
	if !rung || s != everything {
		t.Errorf("rang %v for %v after a loss", rung, s)
	}
	_ = bell.Close()
	for range rings { // until ring ends
	}
}

func routes(s *Snapshot, dst string, want Route) bool {
	got, ok := s.Route(addr(dst))
	return ok && got == want
}

// ip runs the ip command in the test's namespace.
func ip(t *testing.T, args string) {
	t.Helper()
	run(t, "ip "+args)
}

func run(t *testing.T, line string) {
	t.Helper()
	out, err := exec.Command("sh", "-c", line).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", line, err, out)
	}
}

// sysctl writes on the test's thread: /proc/sys/net is that of the writer.
func sysctl(t *testing.T, key, value string) {
	t.Helper()
	must(t, os.WriteFile(fmt.Sprintf("/proc/sys/net/%s", key), []byte(value), 0o644))
}
