// SPDX-License-Identifier: Apache-2.0

//go:build ignore

package main

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// soMark is the option that gives a socket's packets a mark, as iptables would.
const soMark = 36

// A hashService is what a script is about if its scheduler heeds addresses.
type hashService struct {
	mark, v6 bool
	heavy    bool // large weights too
	sched    string
	begin    time.Time
}

// hashScript records picks with all that may sway them:
//
//	ask MILLISECOND CLIENT DESTINATION SERVER
//
// sh and mh are services of an address; dh, lblc and lblcr of a mark, with many
// destinations.
func (r *recorder) hashScript(name string, i int) {
	r.number++
	v6 := strings.HasSuffix(name, "6")
	name = strings.TrimSuffix(name, "6")
	r.hash = hashService{mark: name != "sh" && name != "mh", v6: v6, heavy: !v6 && i%3 == 0, sched: name, begin: time.Now()}
	r.udp = name == "dh" || !r.hash.mark && i%2 == 0
	r.limits, r.in, r.conns = i%4 >= 2, map[int]bool{}, nil
	proto := "tcp"
	if r.udp {
		proto = "udp"
	}
	fmt.Printf("\nscheduler %s %s\nservers %s %d\n", name, proto, r.rip(0), r.rportNumber())
	r.hashBegin(proto)
	waits := r.expiration(i)
	for i := range 60 {
		switch what := r.rand.IntN(22); {
		case i < 3 || what < 3:
			r.add()
		case what < 4:
			r.del()
		case what < 7:
			r.edit()
		case what < 8 && !r.hash.mark:
			r.flags()
		case what < 12 && !r.udp:
			r.fin()
		case what < 14 && waits > 0:
			waits--
			time.Sleep(2300 * time.Millisecond)
		default:
			r.ask(1 + r.rand.IntN(6))
		}
	}
	r.counts()
	run("ipvsadm", append([]string{"-D"}, r.service...)...)
}

// hashBegin adds the service.
func (r *recorder) hashBegin(proto string) {
	mark := 0
	switch {
	case r.hash.mark:
		mark = r.number
		r.service = []string{"-f", strconv.Itoa(mark)}
	case r.hash.v6:
		r.service = []string{"-" + proto[:1], fmt.Sprintf("[fd00:ff::1]:%d", r.vport())}
	default:
		r.service = []string{"-" + proto[:1], fmt.Sprintf("10.255.0.1:%d", r.vport())}
	}
	if err := syscall.SetsockoptInt(r.sock, syscall.SOL_SOCKET, soMark, mark); err != nil {
		die(err)
	}
	run("ipvsadm", append([]string{"-A", "-s", r.hash.sched}, r.service...)...)
}

// expiration shortens lblcr_expiration for some scripts, and says how often
// they may wait for it.
func (r *recorder) expiration(i int) int {
	if r.hash.sched != "lblcr" || i%3 == 0 {
		run("sysctl", "-q", "-w", "net.ipv4.vs.lblcr_expiration=86400")
		return 0
	}
	run("sysctl", "-q", "-w", "net.ipv4.vs.lblcr_expiration=2")
	fmt.Println("expiration 2000")
	return 4
}

func (r *recorder) rportNumber() int {
	if r.hash.mark {
		return 0
	}
	return r.vport()
}

// flags edits the service: no hook of the scheduler sees that.
func (r *recorder) flags() {
	n := r.rand.IntN(4)
	args := append([]string{"-E", "-s", r.hash.sched}, r.service...)
	if n > 0 {
		args = append(args, "-b", []string{"flag-1", "flag-2", "flag-1,flag-2"}[n-1])
	}
	run("ipvsadm", args...)
	fmt.Println("flags", n)
}

func (r *recorder) ask(times int) {
	for range times {
		r.port++
		c := conn{port: r.port, server: -1, src: r.client(), dst: r.destination()}
		at := time.Since(r.hash.begin).Milliseconds()
		r.send(c, 0x02)
		c.server = r.chosen(c.port)
		c.open = c.server >= 0
		name := "-"
		if c.open {
			name = letter(c.server)
		}
		src, _ := netip.AddrFromSlice(c.src)
		dst, _ := netip.AddrFromSlice(c.dst)
		fmt.Println("ask", at, netip.AddrPortFrom(src, c.port), dst, name)
		r.conns = append(r.conns, c)
	}
}

// client is any unicast address.
func (r *recorder) client() []byte {
	if r.hash.v6 {
		b := []byte{0x20, 1, 0xd, 0xb8}
		for len(b) < 16 {
			b = append(b, byte(r.rand.IntN(256)))
		}
		return b
	}
	return []byte{byte(11 + r.rand.IntN(100)), byte(r.rand.IntN(256)), byte(r.rand.IntN(256)), byte(1 + r.rand.IntN(254))}
}

func (r *recorder) destination() []byte {
	switch {
	case r.hash.mark && r.hash.sched == "dh":
		return []byte{10, 254, byte(r.rand.IntN(256)), byte(1 + r.rand.IntN(254))}
	case r.hash.mark:
		return []byte{10, 254, 0, byte(1 + r.rand.IntN(7))}
	case r.hash.v6:
		return netip.MustParseAddr("fd00:ff::1").AsSlice()
	}
	return vip[:]
}

func (r *recorder) send6(c conn, proto byte, segment []byte) {
	b := make([]byte, 40, 60)
	b[0], b[6], b[7] = 0x60, proto, 64
	binary.BigEndian.PutUint16(b[4:], uint16(len(segment)))
	copy(b[8:], c.src)
	copy(b[24:], c.dst)
	b = append(b, segment...)
	if r.sock6 == 0 {
		s, err := syscall.Socket(syscall.AF_INET6, syscall.SOCK_RAW, syscall.IPPROTO_RAW)
		if err != nil {
			die(err)
		}
		r.sock6 = s
	}
	if err := syscall.Sendto(r.sock6, b, 0, &syscall.SockaddrInet6{Addr: [16]byte(c.dst)}); err != nil {
		return // no server
	}
}
