// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// A tunnel is a director's side and a real server's, on one wire, and the
// server's Decap running:
//
//	director e0 192.0.2.1, 2001:db8::1 --- e1 192.0.2.11, 2001:db8::11 server, VIP on lo
type tunnel struct {
	t                *testing.T
	director, server netns.NsHandle
	decap            *Decap
	stop             func()
}

func newTunnel(t *testing.T, c DecapConfig, filter string) *tunnel {
	needs(t, "ip")
	if unix.Access("/dev/net/tun", unix.R_OK|unix.W_OK) != nil {
		t.Skipf("%s: /dev/net/tun is closed to this user", t.Name())
	}
	w := &tunnel{t: t, server: namespace(t)}
	must(t, writeSysctl(conf("all", "rp_filter"), filter))
	run(t, "ip link add e1 type veth peer name e0")
	w.director = namespace(t)
	w.in(w.server)
	run(t, "ip addr add 192.0.2.11/24 dev e1 && ip addr add 2001:db8::11/64 dev e1 nodad && ip link set e1 up")
	e0, err := netlink.LinkByName("e0")
	must(t, err)
	must(t, netlink.LinkSetNsFd(e0, int(w.director)))
	h, err := Open(t.TempDir())
	must(t, err)
	if filter == "0" { // else all is left as it is, and the device copes alone
		must(t, h.Setup(Wish{Tun, Sysctl, []netip.Addr{vip, vip6}}))
	} else {
		run(t, "ip addr add 192.0.2.200/32 dev lo && ip addr add 2001:db8::200/128 dev lo")
	}
	w.decap, err = NewDecap(c)
	must(t, err)
	w.in(w.director)
	run(t, "ip addr add 192.0.2.1/24 dev e0 && ip addr add 2001:db8::1/64 dev e0 nodad && ip link set e0 up")
	w.runs()
	return w
}

func (w *tunnel) in(ns netns.NsHandle) {
	w.t.Helper()
	must(w.t, netns.Set(ns))
}

// runs starts the Decap, until stop.
func (w *tunnel) runs() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- w.decap.Run(ctx) }()
	stopped := false
	w.stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
	}
	w.t.Cleanup(func() {
		w.stop()
		must(w.t, w.decap.Close())
	})
}

// send sends the payload in an IP packet of that protocol to the server.
func (w *tunnel) send(outer netip.Addr, proto int, payload []byte) {
	w.t.Helper()
	w.in(w.director)
	family, to := unix.AF_INET, unix.Sockaddr(&unix.SockaddrInet4{Addr: [4]byte{192, 0, 2, 11}})
	if outer.Is6() {
		family, to = unix.AF_INET6, &unix.SockaddrInet6{Addr: outer.As16()}
	}
	fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC, proto)
	must(w.t, err)
	defer unix.Close(fd)
	must(w.t, unix.Sendto(fd, payload, 0, to))
}

var (
	server4 = netip.MustParseAddr("192.0.2.11")
	server6 = netip.MustParseAddr("2001:db8::11")
)

// hears opens a UDP server at the VIPs, and gives what it hears next.
func (w *tunnel) hears() func() string {
	w.in(w.server)
	c, err := net.ListenPacket("udp", ":80")
	must(w.t, err)
	w.t.Cleanup(func() { c.Close() })
	return func() string {
		w.t.Helper()
		b := make([]byte, 70000)
		must(w.t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
		n, from, err := c.ReadFrom(b)
		if err != nil {
			w.t.Fatalf("the server hears nothing: %v; %+v", err, w.decap.Counts())
		}
		if got := from.(*net.UDPAddr).AddrPort(); got.Addr().Unmap() != client4.Addr() && got.Addr() != client6.Addr() {
			w.t.Errorf("from %v, want the client", got)
		}
		return string(b[:n])
	}
}

// TestDecap sends each kind of wrapping, over each family, with each inside.
func TestDecap(t *testing.T) {
	for _, filter := range []string{"0", "1"} {
		t.Run("rp_filter="+filter, func(t *testing.T) {
			w := newTunnel(t, DecapConfig{GUE: []uint16{5555}}, filter)
			hear := w.hears()
			for _, in := range []string{"four", "six"} {
				inner := datagram(client4, web4, in)
				if in == "six" {
					inner = datagram(client6, web6, in)
				}
				for _, outer := range []netip.Addr{server4, server6} {
					w.send(outer, protocol(inner), inner)
					w.send(outer, unix.IPPROTO_GRE, gre(inner))
					w.send(outer, unix.IPPROTO_GRE, greSummed(inner))
					w.gue(outer, gue(inner))
					w.gue(outer, inner) // version 1
					for range 5 {
						if got := hear(); got != in {
							t.Fatalf("the server hears %q, want %q", got, in)
						}
					}
				}
			}
			w.send(server4, unix.IPPROTO_GRE, []byte{0x20, 0, 8, 0, 0, 0, 0, 1})
			w.send(server4, protocol(nil6), gre(nil6))
			w.send(server4, unix.IPPROTO_GRE, gre(datagram(client4, web4, "last")))
			hear()
			w.stop()
			if c := w.decap.Counts(); c.Packets != 21 || c.Drops[Unagreed] != 1 || c.Drops[NotIP]+c.Drops[Short] != 1 {
				t.Errorf("counted %+v", c)
			}
		})
	}
}

// nil6 is the begin of an IPv6 packet.
var nil6 = []byte{0x60}

// gue sends a datagram to the port for GUE.
func (w *tunnel) gue(outer netip.Addr, payload []byte) {
	w.t.Helper()
	w.in(w.director)
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(outer, 5555)))
	must(w.t, err)
	defer c.Close()
	_, err = c.Write(payload)
	must(w.t, err)
}

// TestDecapFragments: the kernel puts outer fragments together before us.
func TestDecapFragments(t *testing.T) {
	w := newTunnel(t, DecapConfig{}, "0")
	hear := w.hears()
	text := make([]byte, 5000)
	for i := range text {
		text[i] = byte(rand.Uint32())
	}
	inner := datagram(client4, web4, string(text))
	w.send(server4, unix.IPPROTO_IPIP, inner)
	if got := hear(); got != string(text) {
		t.Errorf("%d bytes arrived, or others", len(got))
	}
}

// TestDecapStranger takes packets from one director only.
func TestDecapStranger(t *testing.T) {
	w := newTunnel(t, DecapConfig{Directors: []netip.Addr{netip.MustParseAddr("2001:db8::1")}}, "0")
	hear := w.hears()
	inner := datagram(client4, web4, "stranger")
	w.send(server4, unix.IPPROTO_IPIP, inner)
	w.send(server6, unix.IPPROTO_IPIP, datagram(client4, web4, "director"))
	if got := hear(); got != "director" {
		t.Errorf("heard %q", got)
	}
	w.stop()
	if c := w.decap.Counts(); c.Drops[Stranger] != 1 {
		t.Errorf("counted %+v", c)
	}
}

// TestDecapQuietsTheKernel: without us the kernel refuses the protocol with an
// ICMP error; with us it says nothing, and after us it refuses again.
func TestDecapQuietsTheKernel(t *testing.T) {
	w := newTunnel(t, DecapConfig{}, "0")
	hear := w.hears()
	w.in(w.director)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	must(t, err)
	defer unix.Close(fd)
	must(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}))
	inner := datagram(client4, web4, "quiet")
	w.send(server4, unix.IPPROTO_IPIP, inner)
	hear()
	w.stop()
	must(t, w.decap.Close())
	w.send(server4, unix.IPPROTO_GRE, gre(inner))
	b := make([]byte, 2000)
	n, _, err := unix.Recvfrom(fd, b, 0)
	if err != nil || n < 48 || b[20] != 3 || b[21] != 2 || b[28+9] != unix.IPPROTO_GRE {
		t.Errorf("the first ICMP error is %x, %v: want protocol unreachable, of GRE", b[:n], err)
	}
	w.in(w.server)
	if _, err := net.InterfaceByName(Device); err == nil {
		t.Error("the device is left")
	}
}

// wraps makes the director's side of the tunnel: what its kernel routes to the
// VIP is wrapped and sent to the server; send does that, with a packet each.
func (w *tunnel) wraps(send func(inner []byte)) {
	w.t.Helper()
	w.in(w.director)
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	must(w.t, err)
	req, err := unix.NewIfreq("wrap0")
	must(w.t, err)
	req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	must(w.t, unix.IoctlIfreq(fd, unix.TUNSETIFF, req))
	must(w.t, writeSysctl(conf("all", "rp_filter"), "0"))
	must(w.t, writeSysctl(conf("e0", "rp_filter"), "0"))
	run(w.t, "ip link set wrap0 mtu 1400 up && ip route add 192.0.2.200/32 dev wrap0 src 192.0.2.1 && ip route add 2001:db8::200/128 dev wrap0 src 2001:db8::1")
	f := os.NewFile(uintptr(fd), "wrap0")
	done := make(chan bool)
	w.t.Cleanup(func() { f.Close(); <-done })
	go func() {
		defer close(done)
		for b := make([]byte, 70000); ; {
			n, err := f.Read(b)
			if err != nil {
				return
			}
			send(b[:n])
		}
	}()
}

// sender is a raw socket of the director that sends to the server.
func (w *tunnel) sender(proto int) func(b []byte) {
	w.t.Helper()
	w.in(w.director)
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, proto)
	must(w.t, err)
	w.t.Cleanup(func() { unix.Close(fd) })
	return func(b []byte) { _ = unix.Sendto(fd, b, 0, &unix.SockaddrInet4{Addr: server4.As4()}) }
}

// TestDecapStream moves a TCP stream of either family through each wrapping,
// between two kernels. The server's answers come by the wire.
func TestDecapStream(t *testing.T) {
	for name, wrapping := range map[string]func(*tunnel) func([]byte){
		"ipip": func(w *tunnel) func([]byte) {
			four, six := w.sender(unix.IPPROTO_IPIP), w.sender(unix.IPPROTO_IPV6)
			return func(b []byte) {
				if protocol(b) == unix.IPPROTO_IPIP {
					four(b)
				} else {
					six(b)
				}
			}
		},
		"gre": func(w *tunnel) func([]byte) {
			send := w.sender(unix.IPPROTO_GRE)
			return func(b []byte) { send(greSummed(b)) }
		},
		"gue": func(w *tunnel) func([]byte) {
			w.in(w.director)
			c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(server4, 5555)))
			must(w.t, err)
			w.t.Cleanup(func() { c.Close() })
			return func(b []byte) { _, _ = c.Write(gue(b)) }
		},
	} {
		for _, to := range []netip.AddrPort{web4, web6} {
			t.Run(name+" "+to.Addr().String(), func(t *testing.T) {
				w := newTunnel(t, DecapConfig{GUE: []uint16{5555}}, "0")
				w.wraps(wrapping(w))
				w.stream(to)
				w.stop()
				c := w.decap.Counts()
				t.Logf("%d packets in %d writes", c.Packets, c.Written)
				if c.Packets < streamSize/1400 || c.Bytes < streamSize {
					t.Errorf("it went past the tunnel: %+v", c)
				}
			})
		}
	}
}

const streamSize = 1 << 20

// stream sends text from the director to the VIP and wants it to arrive whole.
func (w *tunnel) stream(to netip.AddrPort) {
	w.t.Helper()
	text := make([]byte, streamSize)
	r := rand.New(rand.NewPCG(3, 4))
	for i := range text {
		text[i] = byte(r.Uint32())
	}
	w.in(w.server)
	l, err := net.Listen("tcp", to.String())
	must(w.t, err)
	defer l.Close()
	got := make(chan []byte, 1)
	go func() {
		var b []byte
		if c, err := l.Accept(); err == nil {
			b, _ = io.ReadAll(c)
			c.Close()
		}
		got <- b
	}()
	w.in(w.director)
	c, err := (&net.Dialer{Timeout: 10 * time.Second}).Dial("tcp", to.String())
	must(w.t, err)
	must(w.t, c.SetDeadline(time.Now().Add(20*time.Second)))
	_, err = c.Write(text)
	must(w.t, err)
	must(w.t, c.Close())
	if b := <-got; !bytes.Equal(b, text) {
		w.t.Errorf("%d bytes arrived of %d, or others", len(b), len(text))
	}
}
