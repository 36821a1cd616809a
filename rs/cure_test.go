// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/vishvananda/netlink"
)

// An asker sends and hears frames of one kind at e0 of the thread's namespace.
type asker struct {
	t       *testing.T
	fd, dev int
	mac     net.HardwareAddr
}

func newAsker(t *testing.T, kind uint16) *asker {
	t.Helper()
	swapped := kind<<8 | kind>>8
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(swapped))
	must(t, err)
	t.Cleanup(func() { unix.Close(fd) })
	l, err := netlink.LinkByName("e0")
	must(t, err)
	must(t, unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: swapped, Ifindex: l.Attrs().Index}))
	must(t, unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 10}))
	return &asker{t, fd, l.Attrs().Index, l.Attrs().HardwareAddr}
}

// hear is the next frame.
func (a *asker) hear() []byte {
	a.t.Helper()
	b := make([]byte, 2000)
	n, _, err := unix.Recvfrom(a.fd, b, 0)
	if err != nil {
		a.t.Fatalf("nothing is heard: %v", err)
	}
	return b[:n]
}

// ask broadcasts who has the address, in the name of another, which the answer
// names again.
func (a *asker) ask(who, as string) {
	a.t.Helper()
	f := slices.Concat([]byte{255, 255, 255, 255, 255, 255}, a.mac, []byte{8, 6, 0, 1, 8, 0, 6, 4, 0, 1}, a.mac,
		netip.MustParseAddr(as).AsSlice(), make([]byte, 6), netip.MustParseAddr(who).AsSlice())
	must(a.t, unix.Sendto(a.fd, f, 0, &unix.SockaddrLinklayer{Ifindex: a.dev, Halen: 6}))
}

// answers are the hosts that answer for the VIP. Each is asked for its own
// address afterwards: whoever has answered that has nothing more to say.
func (s *segment) answers() []string {
	s.t.Helper()
	s.enter("client")
	a := newAsker(s.t, unix.ETH_P_ARP)
	const other = "192.0.2.3"
	a.ask(vip.String(), addresses["client"])
	for _, name := range []string{"lvs", "rs1", "rs2"} {
		a.ask(addresses[name], other)
	}
	var hosts []string
	for own := 0; own < 3; {
		f := a.hear()
		if len(f) < 42 || be.Uint16(f[20:]) != 2 {
			continue
		}
		from := s.macs[net.HardwareAddr(f[22:28]).String()]
		if net.IP(f[38:42]).String() == other {
			own++
		} else {
			hosts = append(hosts, from)
		}
	}
	slices.Sort(hosts)
	return hosts
}

// asksAs is the address in whose name rs1 asks for the client when it answers
// as the VIP.
func (s *segment) asksAs() string {
	s.t.Helper()
	s.enter("rs1")
	run(s.t, "ip neigh flush dev e0")
	c, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(vip, 0)),
		net.UDPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(addresses["client"]), 9)))
	must(s.t, err)
	defer c.Close()
	s.enter("client")
	a := newAsker(s.t, unix.ETH_P_ARP)
	_, err = c.Write([]byte("answer"))
	must(s.t, err)
	for {
		f := a.hear()
		if be.Uint16(f[20:]) == 1 && s.macs[net.HardwareAddr(f[22:28]).String()] == "rs1" {
			who, _ := netip.AddrFromSlice(f[28:32])
			return who.String()
		}
	}
}

// setup makes the two real servers what is wished.
func (s *segment) setup(w Wish) {
	s.t.Helper()
	for _, name := range []string{"rs1", "rs2"} {
		s.enter(name)
		h, err := Open(s.t.TempDir())
		must(s.t, err)
		must(s.t, h.Setup(w))
	}
}

// paste types the commands that a dry run prints.
func (s *segment) paste(w Wish) {
	s.t.Helper()
	for _, name := range []string{"rs1", "rs2"} {
		s.enter(name)
		h, err := Open("/nowhere")
		must(s.t, err)
		steps, err := h.Steps(w)
		must(s.t, err)
		for _, step := range steps {
			run(s.t, step.Command)
		}
	}
}

var dr = Wish{Mode: DR, ARP: Sysctl, VIPs: []netip.Addr{vip, vip6}}

func with(arp string) Wish {
	w := dr
	w.ARP = arp
	return w
}

// quiet wants exactly the director to answer, and questions in the own name.
func (s *segment) quiet() {
	s.t.Helper()
	if got := s.answers(); !slices.Equal(got, []string{"lvs"}) {
		s.t.Errorf("%v answer for the VIP, want lvs alone", got)
	}
	if got := s.asksAs(); got != addresses["rs1"] {
		s.t.Errorf("rs1 asks in the name of %s", got)
	}
}

// TestCureNone shows the illness, without which the cures would prove nothing.
func TestCureNone(t *testing.T) {
	s := newSegment(t)
	s.setup(with(Static))
	if got := s.answers(); !slices.Equal(got, []string{"lvs", "rs1", "rs2"}) {
		t.Errorf("%v answer for the VIP, want all", got)
	}
	if got := s.asksAs(); got != vip.String() {
		t.Errorf("rs1 asks in the name of %s", got)
	}
}

func TestCureSysctl(t *testing.T) {
	s := newSegment(t)
	s.setup(dr)
	s.quiet()
}

// TestCureSysctlDespiteInterface: the greater value counts, and 3 would answer.
func TestCureSysctlDespiteInterface(t *testing.T) {
	s := newSegment(t)
	for _, name := range []string{"rs1", "rs2"} {
		s.enter(name)
		must(t, writeSysctl(conf("e0", "arp_ignore"), "3"))
	}
	s.setup(dr)
	s.quiet()
}

func TestCureSysctlPasted(t *testing.T) {
	s := newSegment(t)
	needs(t, "sysctl")
	s.paste(dr)
	s.quiet()
}

func TestCureArptables(t *testing.T) {
	s := newSegment(t)
	needs(t, "arptables")
	s.setup(with(ARPTables))
	s.enter("rs1")
	if listing := run(t, "arptables -S"); !strings.Contains(listing, vip.String()) {
		t.Errorf("arptables does not show our rules:\n%s", listing)
	}
	s.quiet()
}

func TestCureArptablesPasted(t *testing.T) {
	s := newSegment(t)
	needs(t, "arptables")
	s.paste(with(ARPTables))
	s.quiet()
}

// TestCureNftables takes the program arptables away.
func TestCureNftables(t *testing.T) {
	s := newSegment(t)
	path := t.TempDir()
	for _, name := range []string{"ip"} {
		run(t, "ln -s $(command -v "+name+") "+path+"/"+name)
	}
	t.Setenv("PATH", path)
	s.setup(with(ARPTables))
	s.quiet()
}

// TestCureStatic types the gateway's entry, and then lets all real servers
// contradict.
func TestCureStatic(t *testing.T) {
	s := newSegment(t)
	s.setup(with(Static))
	s.enter("client")
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	mac, err := LinkAddress(ctx, netip.MustParseAddr(addresses["lvs"]))
	must(t, err)
	run(t, NeighbourStep(vip, mac.String(), "e0").Command)
	if got := s.answers(); len(got) != 3 {
		t.Errorf("%v answer for the VIP: where is the temptation?", got)
	}
	a := newAsker(t, unix.ETH_P_ALL)
	must(t, disturb(vip))
	for {
		f := a.hear()
		if be.Uint16(f[12:]) == 0x0800 && net.IP(f[30:34]).String() == vip.String() {
			if to := s.macs[net.HardwareAddr(f[:6]).String()]; to != "lvs" {
				t.Errorf("the client sends to %s", to)
			}
			return
		}
	}
}
