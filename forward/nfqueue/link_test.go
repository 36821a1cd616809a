// SPDX-License-Identifier: Apache-2.0

package nfqueue_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
)

// backends set marks, for either family.
var backends = []struct{ tool, network, vip, client string }{
	{"iptables-legacy", "udp4", "10.9.1.2:80", "10.9.1.1"},
	{"iptables-nft", "udp4", "10.9.1.2:80", "10.9.1.1"},
	{"ip6tables-legacy", "udp6", "[fd09:1::2]:80", "fd09:1::1"},
	{"ip6tables-nft", "udp6", "[fd09:1::2]:80", "fd09:1::1"},
}

// TestQueueBringsMarks has a rule of iptables mark a datagram: it comes with its
// mark, the host sees what is passed and nothing else, and without the rule
// sees all.
func TestQueueBringsMarks(t *testing.T) {
	for _, b := range backends {
		t.Run(b.tool, func(t *testing.T) {
			w := newWorld(t)
			w.needs(b.tool)
			w.open(w.ports)
			server := w.listen(b.network, b.vip)
			client := w.dial(b.network, b.vip)
			w.run(b.tool + " -t mangle -A PREROUTING -d " + server.LocalAddr().(*net.UDPAddr).IP.String() + " -p udp --dport 80 -j MARK --set-mark 1")

			say(t, client, "for us")
			w.is(w.recv(), 0, 1, client, server, "for us")
			w.settled()
			say(t, client, "for the host")
			w.is(w.recv(), 0, 1, client, server, "for the host")
			w.link.Pass(0)
			w.settled()
			if s := w.hears(server); s != "for the host" {
				t.Errorf("the host got %q", s)
			}
			w.run(b.tool + " -t mangle -F")
			say(t, client, "without a mark")
			if s := w.hears(server); s != "without a mark" {
				t.Errorf("the host got %q", s)
			}
			w.settled()
			if n := w.link.Lost(); n != 0 {
				t.Errorf("%d packets were lost", n)
			}
		})
	}
}

// is compares the single packet of a batch.
func (w *world) is(got []packet.Packet, port uint8, mark uint32, from, to interface{ LocalAddr() net.Addr }, payload string) {
	w.t.Helper()
	if len(got) != 1 {
		w.t.Fatalf("%d packets, want 1", len(got))
	}
	p := &got[0]
	want := packet.Flow{Src: endOf(from), Dst: endOf(to), Proto: packet.ProtoUDP}
	if why := p.Parse(); why != packet.None || p.Flow != want {
		w.t.Errorf("%v, %v, want %v", why, p.Flow, want)
	}
	if p.Mark != mark || p.Port != port || !p.ToUs || p.Off < packet.Headroom || p.Offload != (packet.Offload{}) {
		w.t.Errorf("mark %d, port %d, to us: %v, headroom %d, offload %+v", p.Mark, p.Port, p.ToUs, p.Off, p.Offload)
	}
	if dst := packet.MAC(p.Buf[p.Off:]); dst != w.ports[port].MAC {
		w.t.Errorf("for %v", dst)
	}
	if s := string(p.Buf[p.L4+8 : p.End]); s != payload {
		w.t.Errorf("it says %q, want %q", s, payload)
	}
	if !sumHolds(p) {
		w.t.Errorf("its checksum is wrong")
	}
}

func endOf(c interface{ LocalAddr() net.Addr }) packet.Endpoint {
	a := c.LocalAddr().(*net.UDPAddr).AddrPort()
	return packet.EndpointFrom(netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
}

// sumHolds adds up the pseudo header and what follows (RFC 1071).
func sumHolds(p *packet.Packet) bool {
	src, dst := p.Flow.Src.Addr.Netip().AsSlice(), p.Flow.Dst.Addr.Netip().AsSlice()
	n := p.End - p.L4
	b := slices.Concat(src, dst, []byte{0, p.Flow.Proto, byte(n >> 8), byte(n)}, p.Buf[p.L4:p.End])
	if len(b)%2 != 0 {
		b = append(b, 0)
	}
	var s uint32
	for i := 0; i < len(b); i += 2 {
		s += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for s>>16 != 0 {
		s = s>>16 + s&0xffff
	}
	return s == 0xffff
}

// TestQueueKnowsPorts tells by which of two ports a packet came, and passes what
// came by a third.
func TestQueueKnowsPorts(t *testing.T) {
	w := newWorld(t)
	w.needs("iptables")
	w.cable("d2", "c2", "3")
	w.open(w.ports)
	w.run("iptables -t mangle -A PREROUTING -p udp --dport 80 -j MARK --set-mark 2")
	for port, vip := range []string{"10.9.1.2:80", "10.9.2.2:80"} {
		server, client := w.listen("udp4", vip), w.dial("udp4", vip)
		say(t, client, "here")
		w.is(w.recv(), uint8(port), 2, client, server, "here")
	}
	must(t, w.marks.Close())
	must(t, w.link.Close())
	w.open(w.ports[:1])
	server, client := w.listen("udp4", "10.9.3.2:80"), w.dial("udp4", "10.9.3.2:80")
	say(t, client, "elsewhere")
	if s := w.hears(server); s != "elsewhere" {
		t.Errorf("the host got %q", s)
	}
	w.settled()
}

// TestQueueTakesItsMarksOnly sets marks that no service has.
func TestQueueTakesItsMarksOnly(t *testing.T) {
	w := newWorld(t)
	w.needs("iptables")
	w.open(w.ports)
	server, client := w.listen("udp4", "10.9.1.2:80"), w.dial("udp4", "10.9.1.2:80")
	w.run("iptables -t mangle -A PREROUTING -p udp --dport 80 -j MARK --set-mark 3")
	say(t, client, "another mark")
	if s := w.hears(server); s != "another mark" {
		t.Errorf("the host got %q", s)
	}
	w.settled()
}

// TestQueueTakesWhatIsAside sends, without a mark, to a tuple aside.
func TestQueueTakesWhatIsAside(t *testing.T) {
	w := newWorld(t)
	w.open(w.ports)
	server, client := w.listen("udp4", "10.9.1.2:80"), w.dial("udp4", "10.9.1.2:80")
	vip := host.Tuple{Proto: packet.ProtoUDP, Addr: netip.MustParseAddrPort("10.9.1.2:80")}
	for _, aside := range []host.Tuple{vip, {Addr: netip.AddrPortFrom(vip.Addr.Addr(), 0)}} {
		w.set(host.GuardSet{Virtual: []host.Tuple{vip}, Aside: []host.Tuple{aside}})
		say(t, client, "aside")
		w.is(w.recv(), 0, 0, client, server, "aside")
	}
	w.set(host.GuardSet{Virtual: []host.Tuple{vip}})
	say(t, client, "no more")
	if s := w.hears(server); s != "no more" {
		t.Errorf("the host got %q", s)
	}
	w.settled()
}

// TestQueueTakesLaterFragments, of which no rule by ports knows whose they are.
func TestQueueTakesLaterFragments(t *testing.T) {
	for _, vip := range []string{"10.9.1.2:80", "[fd09:1::2]:80"} {
		w := newWorld(t)
		w.open(w.ports)
		client := w.dial("udp", vip)
		say(t, client, strings.Repeat("x", 4000))
		for offset, got := 0, w.recv(); offset < 2; offset++ {
			if len(got) == 0 {
				got = w.recv()
			}
			if p := &got[0]; p.Parse() != packet.None || p.Frag != packet.Later {
				t.Errorf("%s: came %s", vip, p.Text())
			}
			got = got[1:]
		}
		w.set(host.GuardSet{Virtual: []host.Tuple{{Proto: packet.ProtoUDP, Addr: netip.MustParseAddrPort(vip)}}})
		server := w.listen("udp", vip)
		say(t, client, "y"+strings.Repeat("x", 4000))
		if s := w.hears(server); s[0] != 'y' {
			t.Errorf("%s: the host got %q", vip, s[:1])
		}
		w.settled()
	}
}

// TestQueueCutsSuperFrames passes a stream of TCP, and looks at each segment.
func TestQueueCutsSuperFrames(t *testing.T) {
	w := newWorld(t)
	w.open(w.ports)
	w.needs("nft")
	w.run("nft add table ip m")
	w.run("nft add chain ip m p '{ type filter hook prerouting priority -150; }'")
	w.run("nft add rule ip m p tcp dport 80 meta mark set 1")
	in, err := net.Listen("tcp4", "10.9.1.2:80")
	must(t, err)
	defer in.Close()
	const size = 8 << 20
	want, got := sha256.New(), sha256.New()
	go w.atClient(func() error {
		client, err := net.Dial("tcp4", "10.9.1.2:80")
		if err != nil {
			return err
		}
		defer client.Close()
		_, err = io.Copy(io.MultiWriter(client, want), io.LimitReader(rand.NewChaCha8([32]byte{}), size))
		return err
	})
	over := make(chan int64)
	go func() {
		server, err := in.Accept()
		if err != nil {
			t.Error(err)
			close(over)
			return
		}
		n, err := io.Copy(got, server)
		if err != nil {
			t.Error(err)
		}
		over <- n
	}()
	var n int64
	segments := w.passUntil(func() bool {
		select {
		case n = <-over:
			return true
		default:
			return false
		}
	})
	if n != size || !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		t.Errorf("%d bytes came, or other ones", n)
	}
	if segments < size/1460 {
		t.Errorf("in %d segments", segments)
	}
	t.Logf("%d segments, %d lost", segments, w.link.Lost())
}

// passUntil passes segments that are right, and counts them.
func (w *world) passUntil(done func() bool) (segments int) {
	fds := []unix.PollFd{{Fd: int32(w.link.Fd()), Events: unix.POLLIN}}
	for !done() {
		n, err := w.link.Recv(w.batch)
		must(w.t, err)
		for i := range w.batch[:n] {
			p := &w.batch[i]
			if why := p.Parse(); why != packet.None || p.End-p.L3 > 1500 || p.Mark != 1 || !sumHolds(p) {
				w.t.Fatalf("%v: %d bytes, mark %d: %s", why, p.End-p.L3, p.Mark, p.Text())
			}
			w.link.Pass(i)
		}
		if segments += n; n == 0 {
			_, _ = unix.Poll(fds, 10)
		}
	}
	return segments
}

// TestQueueAllocatesNothing receives and passes.
func TestQueueAllocatesNothing(t *testing.T) {
	w := newWorld(t)
	w.open(w.ports)
	server, client := w.listen("udp4", "10.9.1.2:80"), w.dial("udp4", "10.9.1.2:80")
	w.set(host.GuardSet{Aside: []host.Tuple{{Proto: packet.ProtoUDP, Addr: server.LocalAddr().(*net.UDPAddr).AddrPort()}}})
	word := []byte("word")
	per := testing.AllocsPerRun(100, func() {
		_, _ = client.Write(word)
		for n := 0; n == 0; {
			n, _ = w.link.Recv(w.batch)
		}
		w.link.Pass(0)
	})
	if per != 0 {
		t.Errorf("%v allocations", per)
	}
}

func (w *world) needs(tool string) {
	w.t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		w.t.Skipf("%s: %v", w.t.Name(), err)
	}
	w.t.Setenv("XTABLES_LOCKFILE", w.t.TempDir()+"/lock") // that in /run is root's
}
