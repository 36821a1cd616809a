// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/ulvs/ulvs/packet"
)

// TestGuard sends the table of packets through a veth pair and looks who comes
// out behind the guard, and which rule counted it.
func TestGuard(t *testing.T) {
	namespace(t)
	w := newWire(t)
	g := guarding(t, "d0")
	must(t, g.Set(guardSet()))
	for i, c := range casts {
		for _, k := range guardCases(c) {
			before := counters(t, g)
			passed := w.passes(frame(w.mac, packet.MAC{4}, k.bytes()))
			if passed == k.taken() {
				t.Errorf("IPv%s: %s: passed: %v", layouts[i].suffix, k.name, passed)
			}
			if met := grown(before, counters(t, g)); met != k.rule {
				t.Errorf("IPv%s: %s: met rule %q, want %q", layouts[i].suffix, k.name, met, k.rule)
			}
		}
	}
}

// TestGuardAgreesWithTakes sends packets put together by chance and compares
// the kernel with the predicate.
func TestGuardAgreesWithTakes(t *testing.T) {
	namespace(t)
	w := newWire(t)
	must(t, guarding(t, "d0").Set(guardSet()))
	taken := Compile(guardSet())
	rnd := rand.New(rand.NewPCG(3, 4))
	took := 0
	for i := range 4000 {
		b := frame(w.mac, packet.MAC{4}, casts[i%2].byChance(rnd, true).bytes())
		p := lent(b, true)
		if p.Parse() != packet.None {
			continue
		}
		want := taken.Takes(p)
		if got := !w.passes(b); got != want {
			t.Fatalf("kernel takes: %v, predicate: %v: % x", got, want, b[14:])
		}
		if want {
			took++
		}
	}
	if took < 200 {
		t.Errorf("only %d were taken", took)
	}
}

// byChance is any packet among the cast; its ICMP messages quote another.
func (c cast) byChance(rnd *rand.Rand, mayQuote bool) datagram {
	who := []netip.Addr{c.client, c.router, c.vip, c.shared, c.anyVIP, c.held, c.local, c.rip, c.anyRIP,
		c.allRIP, c.end, c.web, c.web, c.marked, c.aside, c.asideHeld}
	port := []uint16{80, 8080, 53, 1234, 443, 90, 40000}
	d := datagram{
		src:     at(who[rnd.IntN(len(who))], port[rnd.IntN(len(port))]),
		dst:     at(who[rnd.IntN(len(who))], port[rnd.IntN(len(port))]),
		proto:   []uint8{tcp, udp, sctp, c.icmp}[rnd.IntN(4)],
		frag:    []uint16{0, 0, 0, first, mid, later}[rnd.IntN(6)],
		options: rnd.IntN(5) == 0,
	}
	if mayQuote && rnd.IntN(2) == 0 {
		d.proto, d.frag = c.icmp, 0
	}
	if d.proto == c.icmp {
		d.payload = quoting([]byte{c.unreachable, c.unreachable, byte(rnd.IntN(14))}[rnd.IntN(3)], nil)
	}
	if d.proto == c.icmp && mayQuote {
		q := c.byChance(rnd, false).bytes()
		d.payload = append(d.payload, q[:len(q)-rnd.IntN(min(len(q), 26))]...)
	}
	return d
}

// TestGuardLeavesOthersFrames sends the service's packet to other link-level
// addresses than ours.
func TestGuardLeavesOthersFrames(t *testing.T) {
	namespace(t)
	w := newWire(t)
	g := guarding(t, "d0")
	must(t, g.Set(guardSet()))
	for _, c := range casts {
		d := datagram{src: at(c.client, 1234), dst: at(c.vip, 80), proto: tcp}
		for _, to := range []packet.MAC{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, {0x01, 0, 0x5e, 1, 2, 3}, {2, 9, 9, 9, 9, 9}} {
			if !w.passes(frame(to, packet.MAC{4}, d.bytes())) {
				t.Errorf("a frame to %v is taken", to)
			}
		}
		if w.passes(frame(w.mac, packet.MAC{4}, d.bytes())) {
			t.Error("a frame to us is not taken")
		}
	}
}

// TestGuardLeavesTaggedFrames sends the service's packet with a VLAN's tag: it
// belongs to another interface, if to any.
func TestGuardLeavesTaggedFrames(t *testing.T) {
	namespace(t)
	w := newWire(t)
	g := guarding(t, "d0")
	must(t, g.Set(guardSet()))
	for _, c := range casts {
		plain := frame(w.mac, packet.MAC{4}, datagram{src: at(c.client, 1234), dst: at(c.vip, 80), proto: tcp}.bytes())
		other := frame(w.mac, packet.MAC{4}, datagram{src: at(c.client, 1235), dst: at(c.vip, 80), proto: tcp}.bytes())
		tagged := slices.Concat(other[:12], []byte{0x81, 0, 0, 7}, other[12:])
		before := counters(t, g)
		must(t, unix.Sendto(w.in, tagged, 0, &unix.SockaddrLinklayer{Ifindex: w.ifindex}))
		if w.passes(plain) { // behind it, so that the tagged one has been dealt with
			t.Error("the frame without a tag is not taken")
		}
		after := counters(t, g)
		if n := total(after) - total(before); n != 1 {
			t.Errorf("%d frames met a rule, want the one without a tag", n)
		}
		p := lent(tagged, true)
		if p.Parse() != packet.None || Compile(guardSet()).Takes(p) {
			t.Errorf("Takes says otherwise of %s", p.Text())
		}
	}
}

// TestGuardFollows renames the device under a guard, which goes with it.
func TestGuardFollows(t *testing.T) {
	namespace(t)
	w := newWire(t)
	g := guarding(t, "d0")
	must(t, g.Set(guardSet()))
	d := datagram{src: at(casts[0].client, 1234), dst: at(casts[0].vip, 80), proto: tcp}
	for _, name := range []string{"renamed", "again"} {
		link, err := netlink.LinkByIndex(w.device)
		must(t, err)
		must(t, netlink.LinkSetDown(link))
		must(t, netlink.LinkSetName(link, name))
		must(t, netlink.LinkSetUp(link))
		w.carries()
		for _, fd := range []int{w.in, w.out[4], w.out[6]} { // they have heard that it was down
			_, _ = unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		}
		must(t, g.Follow([]string{name}))
		if w.passes(frame(w.mac, packet.MAC{4}, d.bytes())) {
			t.Errorf("renamed to %s, the device has no guard", name)
		}
	}
	if n := tables(t); n != 1 {
		t.Errorf("%d tables", n)
	}
}

// total leaves out what passes behind each frame, which meets no rule of ours.
func total(list []Counter) (n uint64) {
	for _, c := range list {
		n += c.Packets
	}
	return n
}

// TestGuardSetReplaces goes from one set to another and back to nothing, by
// differences, with more elements than one batch holds.
func TestGuardSetReplaces(t *testing.T) {
	namespace(t)
	w := newWire(t)
	g := guarding(t, "d0")
	taken := func(dst string) bool {
		d := datagram{src: netip.MustParseAddrPort("198.51.100.7:1"), dst: netip.MustParseAddrPort(dst), proto: udp}
		return !w.passes(frame(w.mac, packet.MAC{4}, d.bytes()))
	}
	for _, step := range []struct{ from, to int }{{0, 3}, {0, 9000}, {4000, 9001}, {9001, 9001}, {1, 2}} {
		must(t, g.Set(GuardSet{Virtual: ports(step.from, step.to)}))
		for _, n := range []int{0, 1, 2, 3, 3999, 4000, 8999, 9000, 9001} {
			want := step.from <= n && n < step.to
			if got := taken(fmt.Sprintf("192.0.2.100:%d", n+1)); got != want {
				t.Errorf("set of %d to %d: port %d taken: %v", step.from, step.to, n, got)
			}
		}
	}
}

func ports(from, to int) (list []Tuple) {
	for n := from; n < to; n++ {
		list = append(list, Tuple{udp, netip.AddrPortFrom(netip.MustParseAddr("192.0.2.100"), uint16(n+1))})
	}
	return list
}

func TestGuardIsOneAndGoes(t *testing.T) {
	namespace(t)
	veth(t, "d0", "c0")
	g := guarding(t, "d0")
	if _, err := NewGuard([]string{"d0"}); err == nil || !strings.Contains(err.Error(), "stop the other director") {
		t.Errorf("a second guard: %v", err)
	}
	must(t, g.Close())
	if left := tables(t); left != 0 {
		t.Errorf("%d tables after Close", left)
	}
	run(t, "nft add table netdev ulvs")
	stale := guarding(t, "d0") // in place of the table that nobody owns
	must(t, stale.Close())
}

// TestGuardDiesWithItsProcess kills a process that has a guard.
func TestGuardDiesWithItsProcess(t *testing.T) {
	if os.Getenv("ULVS_HOST_VICTIM") != "" {
		guarding(t, "d0")
		fmt.Println("ready")
		select {}
	}
	namespace(t)
	veth(t, "d0", "c0")
	c := exec.Command("/proc/self/exe", "-test.run=^TestGuardDiesWithItsProcess$")
	c.Env = append(os.Environ(), "ULVS_HOST_VICTIM=1")
	out, err := c.StdoutPipe()
	must(t, err)
	must(t, c.Start())
	line := make([]byte, 6)
	if _, err := out.Read(line); err != nil || string(line[:5]) != "ready" {
		t.Fatalf("the victim says %q, %v", line, err)
	}
	if n := tables(t); n != 1 {
		t.Errorf("%d tables while the process lives", n)
	}
	must(t, c.Process.Kill())
	_ = c.Wait()
	if n := tables(t); n != 0 {
		t.Errorf("%d tables after kill -9", n)
	}
}

func guarding(t *testing.T, device string) *Guard {
	t.Helper()
	g, err := NewGuard([]string{device})
	must(t, err)
	t.Cleanup(func() { g.Close() })
	return g
}

func tables(t *testing.T) int {
	t.Helper()
	out, err := exec.Command("nft", "list", "tables").CombinedOutput()
	if err != nil {
		t.Skipf("%s: nft list tables: %v: needs nft", t.Name(), err)
	}
	return bytes.Count(out, []byte("table "))
}

func counters(t *testing.T, g *Guard) []Counter {
	t.Helper()
	c, err := g.Counters()
	must(t, err)
	return c
}

// grown are the rules that met a packet in between.
func grown(before, after []Counter) string {
	var names []string
	for i := range after {
		if after[i].Packets != before[i].Packets {
			names = append(names, after[i].Rule)
		}
	}
	return strings.Join(names, ", ")
}

// A wire is a veth pair: frames sent into c0 come out of d0, and a socket
// there sees what ingress let through.
type wire struct {
	t       *testing.T
	in      int // sends into c0
	out     map[byte]int
	ifindex int
	device  int        // the index of d0
	mac     packet.MAC // of d0
}

func newWire(t *testing.T) *wire {
	t.Helper()
	var one unix.CPUSet // frames sent from two processors may overtake each other
	one.Set(0)
	must(t, unix.SchedSetaffinity(0, &one))
	d, c := veth(t, "d0", "c0")
	w := &wire{t: t, ifindex: c.Attrs().Index, device: d.Attrs().Index, mac: packet.MAC(d.Attrs().HardwareAddr), out: map[byte]int{}}
	w.in = tap(t, c, 0)
	// Sockets for one protocol stand behind ingress; those for all before it.
	w.out[4] = tap(t, d, unix.ETH_P_IP)
	w.out[6] = tap(t, d, unix.ETH_P_IPV6)
	return w
}

func tap(t *testing.T, l netlink.Link, proto uint16) int {
	t.Helper()
	big := binary.NativeEndian.Uint16(binary.BigEndian.AppendUint16(nil, proto))
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	must(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}))
	must(t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: big, Ifindex: l.Attrs().Index}))
	return fd
}

// carries waits until the far end may send again, which the kernel sees to some
// time after the near end is up.
func (w *wire) carries() {
	w.t.Helper()
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); {
		far, err := netlink.LinkByIndex(w.ifindex)
		must(w.t, err)
		if far.Attrs().OperState == netlink.OperUp {
			return
		}
	}
	w.t.Fatal("the wire stays dead")
}

// passes reports whether the frame comes through. What comes after it must, in
// any case.
func (w *wire) passes(b []byte) bool {
	w.t.Helper()
	version := b[14] >> 4
	stranger := casts[version/6]
	end := frame(w.mac, packet.MAC{4}, datagram{
		src: at(stranger.client, 0), dst: at(stranger.router, 0), proto: 253, payload: []byte("that is all")}.bytes())
	to := &unix.SockaddrLinklayer{Ifindex: w.ifindex}
	must(w.t, unix.Sendto(w.in, b, 0, to))
	must(w.t, unix.Sendto(w.in, end, 0, to))
	buf := make([]byte, 2048)
	for passed := false; ; {
		n, _, err := unix.Recvfrom(w.out[version], buf, 0)
		must(w.t, err)
		if bytes.Equal(buf[:n], end) {
			return passed
		}
		passed = passed || bytes.Equal(buf[:n], b)
	}
}
