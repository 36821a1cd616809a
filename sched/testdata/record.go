// SPDX-License-Identifier: Apache-2.0

//go:build ignore

// Record asks the IPVS of the running kernel which servers it picks, and writes
// the answers down as a script that sched's tests play.
//
//	CGO_ENABLED=0 go build -o record record.go recordhash.go recordgc.go
//	./record SEED COUNT rr wrr lc wlc sed nq fo ovf >kernel.txt
//	./record SEED COUNT sh sh6 dh mh mh6 lblc lblcr >kernel-hash.txt     and, with another seed, kernel-heavy.txt
//	./record gc lblc >kernel-gc.txt
//
// makes COUNT random scripts for each scheduler. It needs root, ipvsadm, and a
// network namespace of its own, best in a machine of its own (user-mode Linux
// does): it adds a dummy interface and services of 10.255.0.1, and takes them
// down again only by flushing IPVS.
//
// A client is a raw socket: "pick" is one datagram, or one SYN, from a new
// port; /proc/net/ip_vs_conn says where the kernel sent it.
package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

var vip = [4]byte{10, 255, 0, 1}

func main() {
	if len(os.Args) < 3 {
		die("usage: record SEED COUNT SCHEDULER..., or record gc SCHEDULER...")
	}
	prepare()
	fmt.Printf("# Recorded by record.go %s, by direct routing.\n", strings.Join(os.Args[1:], " "))
	fmt.Printf("# %s\n# %s\n", kernel(), strings.TrimSpace(run("ipvsadm", "-v")))
	if os.Args[1] == "gc" {
		recordGC(os.Args[2:])
	} else {
		random(os.Args[1], os.Args[2], os.Args[3:])
	}
	run("ipvsadm", "-C")
}

func prepare() {
	for _, words := range []string{
		"link add rec0 type dummy", "link set rec0 up",
		"addr add 10.255.0.1/32 dev rec0", "route add 10.0.0.0/8 dev rec0",
		"addr add fd00:ff::1/128 dev rec0 nodad", "route add fd00::/16 dev rec0",
	} {
		run("ip", strings.Fields(words)...)
	}
}

func random(seed, count string, names []string) {
	s, err1 := strconv.ParseUint(seed, 10, 64)
	n, err2 := strconv.Atoi(count)
	if err1 != nil || err2 != nil {
		die("neither a seed nor a count:", seed, count)
	}
	r := &recorder{rand: rand.New(rand.NewPCG(s, 0)), sock: raw(), port: 1024}
	for _, name := range names {
		for i := range n {
			switch name {
			case "rr", "wrr", "lc", "wlc", "sed", "nq", "fo", "ovf":
				r.script(name, i%2 == 0, i%4 >= 2)
			default:
				r.hashScript(name, i)
			}
		}
	}
}

// A recorder holds one service at a time.
type recorder struct {
	rand    *rand.Rand
	sock    int
	number  int    // its number: second byte of its servers' addresses
	port    uint16 // the last source port in use
	service []string
	udp     bool
	limits  bool
	in      map[int]bool // servers in the service
	conns   []conn
	hash    hashService
	sock6   int // zero: not yet open
}

// A conn is one pick.
type conn struct {
	src    []byte // the client's address
	dst    []byte // the virtual one
	port   uint16 // the client's
	server int    // -1: none
	open   bool
	ended  bool // it was sent a FIN
}

func (r *recorder) script(name string, udp, limits bool) {
	r.number++
	r.udp, r.limits, r.in, r.conns = udp, limits, map[int]bool{}, nil
	proto := "tcp"
	if udp {
		proto = "udp"
	}
	r.service = []string{"-" + proto[:1], fmt.Sprintf("10.255.0.1:%d", r.vport())}
	r.hash = hashService{}
	fmt.Printf("\nscheduler %s %s\n", name, proto)
	run("ipvsadm", append([]string{"-A", "-s", name}, r.service...)...)
	expiries := 0
	for i := range 40 {
		switch what := r.rand.IntN(20); {
		case i < 3 || what < 3:
			r.add()
		case what < 4:
			r.del()
		case what < 7:
			r.edit()
		case what < 9 && !udp:
			r.fin()
		case what < 9 && limits && expiries < 4:
			expiries += r.expire()
		default:
			r.pick(1 + r.rand.IntN(6))
		}
	}
	r.counts()
	run("ipvsadm", append([]string{"-D"}, r.service...)...)
}

func (r *recorder) vport() int { return 1000 + r.number }

// rip is the address of a server of this script, by its number.
func (r *recorder) rip(n int) string {
	if r.hash.v6 {
		return fmt.Sprintf("fd00:%x::%x", r.number, n+1)
	}
	return fmt.Sprintf("10.%d.0.%d", r.number, n+1)
}

// rport is its address and port, as ipvsadm wants it.
func (r *recorder) rport(n int) string {
	switch {
	case r.hash.mark:
		return r.rip(n)
	case r.hash.v6:
		return fmt.Sprintf("[%s]:%d", r.rip(n), r.vport())
	}
	return fmt.Sprintf("%s:%d", r.rip(n), r.vport())
}

func letter(n int) string { return string(rune('A' + n)) }

// words are a weight and, in scripts about thresholds, those.
func (r *recorder) words() (w, x, y int) {
	w = []int{0, 1, 1, 1, 2, 2, 3, 4, 5, 6, 9, 12}[r.rand.IntN(12)]
	if r.hash.heavy && r.rand.IntN(2) == 0 {
		w = []int{40, 63, 64, 100, 999, 1000, 4096, 65535}[r.rand.IntN(8)]
	}
	if r.limits && r.rand.IntN(8) > 0 {
		x = 1 + r.rand.IntN(4)
		if r.rand.IntN(2) == 0 {
			y = 1 + r.rand.IntN(x)
		}
	}
	return w, x, y
}

func (r *recorder) add() {
	n := r.rand.IntN(6)
	if r.in[n] {
		return
	}
	r.in[n] = true
	r.server("-a", "add", n)
}

func (r *recorder) edit() {
	if n := r.rand.IntN(6); r.in[n] {
		r.server("-e", "edit", n)
	}
}

func (r *recorder) server(option, word string, n int) {
	w, x, y := r.words()
	args := append([]string{option}, r.service...)
	args = append(args, "-r", r.rport(n), "-g", "-w", strconv.Itoa(w), "-x", strconv.Itoa(x), "-y", strconv.Itoa(y))
	run("ipvsadm", args...)
	fmt.Println(word, letter(n), w, x, y)
}

func (r *recorder) del() {
	n := r.rand.IntN(6)
	if !r.in[n] {
		return
	}
	delete(r.in, n)
	run("ipvsadm", append(append([]string{"-d"}, r.service...), "-r", r.rport(n))...)
	fmt.Println("del", letter(n))
}

func (r *recorder) pick(times int) {
	fmt.Print("pick")
	for range times {
		r.port++
		c := conn{port: r.port, server: -1, src: vip[:], dst: vip[:]}
		r.send(c, 0x02)
		if c.server = r.chosen(c.port); c.server >= 0 {
			c.open = true
			fmt.Print(" ", letter(c.server))
		} else {
			fmt.Print(" -")
		}
		r.conns = append(r.conns, c)
	}
	fmt.Println()
}

// fin ends a connection from the client's side: it becomes inactive.
func (r *recorder) fin() {
	if len(r.conns) == 0 {
		return
	}
	n := r.rand.IntN(len(r.conns))
	c := &r.conns[n]
	if !c.open || c.ended || !r.in[c.server] {
		return // packets to a deleted server go nowhere, and move no state
	}
	c.ended = true
	r.send(*c, 0x11)
	fmt.Println("fin", n)
}

// expire lets some connections run out: with a timeout of one second set, a
// packet each gives them that. Those of deleted servers keep their timers.
func (r *recorder) expire() int {
	var which []string
	run("ipvsadm", "--set", "0", "0", "1")
	for n := range r.conns {
		if c := &r.conns[n]; c.open && r.in[c.server] && r.rand.IntN(3) == 0 {
			c.open = false
			r.send(*c, 0)
			which = append(which, strconv.Itoa(n))
		}
	}
	run("ipvsadm", "--set", "0", "0", "300")
	if len(which) == 0 {
		return 0
	}
	time.Sleep(2500 * time.Millisecond)
	fmt.Println("expire", strings.Join(which, " "))
	return 1
}

// counts writes down what the kernel counts of each server in the service.
func (r *recorder) counts() {
	b, err := os.ReadFile("/proc/net/ip_vs")
	if err != nil {
		die(err)
	}
	for n := range 6 {
		key := fmt.Sprintf("-> %s:%04X", hex(r.rip(n)), r.vport())
		if r.hash.mark {
			key = fmt.Sprintf("-> %s:0000", hex(r.rip(n)))
		}
		if _, rest, ok := strings.Cut(string(b), key); ok {
			f := strings.Fields(rest) // Forward Weight ActiveConn InActConn
			fmt.Println("count", letter(n), f[2], f[3])
		}
	}
}

// chosen is the server that the connection from port went to. Listing them
// skips some while others expire, so nobody is believed only after three looks.
func (r *recorder) chosen(port uint16) int {
	for range 3 {
		if n := r.look(port); n >= 0 {
			return n
		}
	}
	return -1
}

func (r *recorder) look(port uint16) int {
	b, err := os.ReadFile("/proc/net/ip_vs_conn")
	if err != nil {
		die(err)
	}
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line) // Pro FromIP FPrt ToIP TPrt DestIP DPrt State Expires
		if len(f) < 7 || f[2] != fmt.Sprintf("%04X", port) {
			continue
		}
		for n := range 6 {
			if f[5] == hex(r.rip(n)) {
				return n
			}
		}
	}
	return -1
}

// hex is an address as /proc/net/ip_vs_conn has it.
func hex(ip string) string {
	a := netip.MustParseAddr(ip)
	if a.Is4() {
		return fmt.Sprintf("%X", a.AsSlice())
	}
	return a.StringExpanded()
}

// send is one datagram, or one segment with these flags, from the client to the
// service.
func (r *recorder) send(c conn, flags byte) {
	segment := make([]byte, 20)
	binary.BigEndian.PutUint16(segment, c.port)
	binary.BigEndian.PutUint16(segment[2:], uint16(r.vport()))
	segment[12], segment[13] = 5<<4, flags
	proto := byte(6)
	if r.udp {
		proto, segment = 17, segment[:8]
		binary.BigEndian.PutUint16(segment[4:], 8)
		segment[6], segment[7] = 0, 0
	}
	if len(c.src) == 16 {
		r.send6(c, proto, segment)
		return
	}
	b := make([]byte, 20, 40)
	b[0], b[8], b[9] = 0x45, 64, proto
	copy(b[12:], c.src)
	copy(b[16:], c.dst)
	b = append(b, segment...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	if err := syscall.Sendto(r.sock, b, 0, &syscall.SockaddrInet4{Addr: [4]byte(c.dst)}); err != nil {
		return // no server: some kernels say so to the sender
	}
}

func raw() int {
	s, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_RAW)
	if err != nil {
		die(err)
	}
	return s
}

func kernel() string {
	b, _ := os.ReadFile("/proc/version")
	f := strings.Fields(string(b))
	return strings.Join(f[:3], " ")
}

func run(name string, args ...string) string {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		die(name, args, err, string(out))
	}
	return string(out)
}

func die(v ...any) {
	fmt.Fprintln(os.Stderr, v...)
	os.Exit(1)
}
