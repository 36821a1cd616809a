// SPDX-License-Identifier: Apache-2.0

//go:build ignore

// Record asks the IPVS of the running kernel how it wraps packets for real
// servers, and writes the answers down for tun's tests.
//
//	CGO_ENABLED=0 go build -o record record.go
//	./record >kernel.txt
//
// It needs root, ipvsadm, and a network namespace of its own, best in a machine
// of its own (user-mode Linux does). The director stands between two TUN
// devices: "in" leads to the client, "out" to the servers, which are nobody. A
// recording is a line for each case:
//
//	kind flags port pmtu_disc mtu | > in words | < out bytes | < in bytes | > out bytes
//
// tells how the server was added, the sysctl, and the MTU of "out"; then what
// was sent (>) and what came of it (<), on which device. What the client sent
// is in the notation of package packet; all else in hexadecimal, from the IP
// header on, where [n] is n zeros.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"github.com/ulvs/ulvs/packet"
)

// The ends of all packets, by family.
var (
	client  = map[bool]string{true: "10.255.0.2", false: "[fd00:255::2]"}
	virtual = map[bool]string{true: "10.255.0.1", false: "[fd00:255::1]"}
	server  = map[bool]string{true: "10.1.0.1", false: "[fd00:1::1]"}
)

// A tunnel is what ipvsadm is told, and what the kernel calls it.
type tunnel struct {
	kind, flags, port int
	options           []string
}

var tunnels = []tunnel{
	{0, 0, 0, []string{"--tun-type", "ipip"}},
	{1, 0, 6080, []string{"--tun-type", "gue", "--tun-port", "6080", "--tun-nocsum"}},
	{1, 1, 6081, []string{"--tun-type", "gue", "--tun-port", "6081", "--tun-csum"}},
	{1, 2, 6082, []string{"--tun-type", "gue", "--tun-port", "6082", "--tun-remcsum"}},
	{2, 0, 0, []string{"--tun-type", "gre", "--tun-nocsum"}},
	{2, 1, 0, []string{"--tun-type", "gre", "--tun-csum"}},
}

// plain is what every kind of tunnel is asked to carry. An odd length is a
// checksum's corner.
var plain = []string{
	`udp data "hello"`,
	"udp len 8 ttl 2 tos 0xff df",
	"udp len 8 ttl 255 tos 0x2e",
	"udp len 8 ttl 1",
	"udp len 8 tos 0xb9 df id 0x4711",
	`udp data "hello" sum none`,
	"udp len 8 tos 1 sum bad",
	"tcp S tos 0x12 df",
}

// long is what does not fit, or just so.
var long = []string{"udp len %d", "udp len %d df", "tcp A len %d gso 300", "tcp FPAC len %d gso 300 df id 9", "tcp A [ts 1 2] len %d gso 350 tos 0x13"}

func main() {
	prepare()
	fmt.Printf("# Recorded by record.go\n# %s\n# %s\n\n", kernel(), strings.TrimSpace(run("ipvsadm", "-v")))
	for _, t := range tunnels {
		for _, inner4 := range []bool{true, false} {
			for _, outer4 := range []bool{true, false} {
				c := carrier{tunnel: t, inner4: inner4, outer4: outer4, pmtu: 1, mtu: 1500}
				c.carry()
			}
		}
	}
}

// A carrier is one way to wrap.
type carrier struct {
	tunnel
	inner4, outer4 bool
	pmtu, mtu      int
}

func (c *carrier) carry() {
	for _, pmtu := range []int{1, 0} {
		c.set(pmtu, 1500)
		for _, words := range plain {
			c.say("> in " + c.words(words))
			c.end()
		}
	}
	for _, pmtu := range []int{1, 0} {
		c.set(pmtu, 1400)
		for _, words := range long[:2] {
			c.around(words)
		}
		for _, words := range long[2:] {
			c.say("> in " + c.words(words, 700))
			c.end()
		}
	}
	if c.inner4 && c.outer4 {
		c.errors()
	}
}

// around sends packets that just fit, and such as just do not.
func (c *carrier) around(words string) {
	header, room := 28, 1400-c.overhead()
	if !c.inner4 {
		header = 48
	}
	for _, n := range []int{room - header, room - header + 1, 2000} {
		c.say("> in " + c.words(words, n))
		c.end()
	}
}

func (c *carrier) overhead() int {
	n := 40
	if c.outer4 {
		n = 20
	}
	switch {
	case c.kind == 1:
		n += 12
	case c.kind == 2:
		n += 4 + 4*c.flags
	}
	return n
}

// refusals are what routers on the way to the server might answer.
var refusals = []struct {
	kind, code byte
	info       uint32
	quoted     int
}{
	{3, 4, 600, 576}, {3, 4, 600, 60}, {3, 4, 89, 60}, {3, 4, 88, 60}, {3, 4, 0, 60}, {3, 1, 0, 60}, {3, 3, 0, 44},
	{11, 0, 0, 60}, {11, 1, 0x01020304, 60}, {4, 0, 0, 60}, {12, 0, 0, 60}, {3, 2, 0, 40}, {3, 1, 0, 64},
}

// errors sends them.
func (c *carrier) errors() {
	for i, e := range refusals {
		for _, words := range []string{"udp len 8 df", "udp len 1200", "udp len 1200 df"} {
			if i > 0 && words != "udp len 8 df" {
				continue
			}
			c.set(1, 1500) // with a new server, that has no route yet
			outer := c.say("> in " + c.words(words))
			if outer == nil {
				die("nothing came out for", words)
			}
			c.refuse(outer[:min(len(outer), e.quoted)], e.kind, e.code, e.info)
			c.say("> in " + c.words("udp len 1000 df")) // what the director has learned
			c.end()
			run("ip", "route", "flush", "cache")
		}
	}
}

// refuse sends an ICMP error about a packet that came out.
func (c *carrier) refuse(quote []byte, kind, code byte, info uint32) {
	b := make([]byte, 28, 28+len(quote))
	b[0], b[8], b[9] = 0x45, 64, 1
	copy(b[12:], []byte{10, 1, 0, 77})
	copy(b[16:], []byte{10, 1, 0, 9})
	b = append(b, quote...)
	b[2], b[3] = byte(len(b)>>8), byte(len(b))
	put(b[10:], ^uint16(packet.Sum(b[:20], 0)))
	b[20], b[21], b[24], b[25], b[26], b[27] = kind, code, byte(info>>24), byte(info>>16), byte(info>>8), byte(info)
	put(b[22:], ^uint16(packet.Sum(b[20:], 0)))
	fmt.Print(" | > out ", text(b))
	write(out, b)
	c.listen()
}

// set makes the service anew.
func (c *carrier) set(pmtu, mtu int) {
	c.pmtu, c.mtu = pmtu, mtu
	run("ipvsadm", "-C")
	run("ip", "link", "set", "out", "mtu", strconv.Itoa(mtu))
	run("sysctl", "-qw", fmt.Sprintf("net.ipv4.vs.pmtu_disc=%d", pmtu), "net.ipv4.vs.sloppy_tcp=1")
	for _, option := range []string{"-t", "-u"} {
		run("ipvsadm", "-A", option, virtual[c.inner4]+":80", "-s", "rr")
		run("ipvsadm", append([]string{"-a", option, virtual[c.inner4] + ":80", "-r", server[c.outer4] + ":80", "-i"}, c.options...)...)
	}
}

var begun bool

// say writes a step down and carries it out; it returns the first packet that
// came out for a server.
func (c *carrier) say(step string) []byte {
	if !begun {
		fmt.Printf("%d %d %d %d %d", c.kind, c.flags, c.port, c.pmtu, c.mtu)
		begun = true
	}
	fmt.Print(" | ", step)
	var p packet.Packet
	if err := p.FromText(strings.TrimPrefix(step, "> in ")); err != nil {
		die(err)
	}
	write(in, p.Buf[p.L3:p.End], vnet(&p)...)
	return c.listen()
}

// port is the client's: each packet opens a connection, lest it belong to one
// whose server was deleted.
var port = 1000

// words are what the client says, as its family has it.
func (c *carrier) words(text string, n ...any) string {
	if !c.inner4 { // all IPv6 packets are df, and have no id
		text = strings.NewReplacer(" df", "", " id 9", "", " id 0x4711", "").Replace(text)
	}
	port++
	return fmt.Sprintf("%s:%d > %s:80 "+text, append([]any{client[c.inner4], port, virtual[c.inner4]}, n...)...)
}

func (c *carrier) end() {
	fmt.Println()
	begun = false
}

// vnet is the virtio-net header of a packet.
func vnet(p *packet.Packet) []byte {
	h := make([]byte, 10)
	o, link := p.Offload, p.L3-p.Off
	if o.Kind == 0 {
		return h
	}
	if !o.Partial {
		p.MakePartial() // the kernel takes no other
		o = p.Offload
	}
	h[0], h[1] = 1, o.Kind
	for i, n := range []int{int(o.HdrLen) - link, int(o.Seg), int(o.Start) - link, int(o.Offset)} {
		h[2+2*i], h[3+2*i] = byte(n), byte(n>>8)
	}
	return h
}

// listen writes down what comes out, until nothing more does.
func (c *carrier) listen() (first []byte) {
	patience := time.Second
	for {
		from, b := next(patience)
		if b == nil {
			return first
		}
		if first == nil && from == out {
			first = b
		}
		patience = 50 * time.Millisecond
		fmt.Print(" | < ", names[from], " ", text(b))
	}
}

// text is b in hexadecimal, with [n] for many zeros.
func text(b []byte) string {
	var s strings.Builder
	for len(b) > 0 {
		zeros := len(b) - len(bytes.TrimLeft(b, "\x00"))
		if zeros >= 8 {
			fmt.Fprintf(&s, "[%d]", zeros)
			b = b[zeros:]
			continue
		}
		fmt.Fprintf(&s, "%02x", b[0])
		b = b[1:]
	}
	return s.String()
}

// The two devices.
var in, out int
var names = map[int]string{}

func prepare() {
	in, out = tun("in"), tun("out")
	for _, line := range []string{
		"ip addr add 10.255.0.1/24 dev in", "ip addr add fd00:255::1/64 dev in nodad",
		"ip addr add 10.1.0.9/24 dev out", "ip addr add fd00:1::9/64 dev out nodad",
		"sysctl -qw net.ipv4.icmp_ratelimit=0", "sysctl -qw net.ipv6.icmp.ratelimit=0", "sysctl -qw net.ipv4.conf.all.rp_filter=0",
	} {
		run(strings.Fields(line)[0], strings.Fields(line)[1:]...)
	}
	for b := []byte{0}; b != nil; { // what a new device has to say
		_, b = next(3 * time.Second)
	}
}

// tun is a new TUN device, as a file descriptor.
func tun(name string) int {
	fd, err := syscall.Open("/dev/net/tun", syscall.O_RDWR|syscall.O_NONBLOCK, 0)
	must(err)
	var req [40]byte
	copy(req[:], name)
	const tunDevice, noInfo, vnetHeader = 0x0001, 0x1000, 0x4000
	req[16], req[17] = byte(tunDevice), byte((noInfo|vnetHeader)>>8)
	_, _, no := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.TUNSETIFF, uintptr(unsafe.Pointer(&req)))
	if no != 0 {
		die("make a TUN device:", no)
	}
	run("sysctl", "-qw", "net.ipv6.conf."+name+".addr_gen_mode=1", "net.ipv6.conf."+name+".router_solicitations=0")
	run("ip", "link", "set", name, "up")
	names[fd] = name
	return fd
}

// next is the next packet that comes out of either device, without its
// virtio-net header: no offload was asked for, so it says nothing. The host's
// own talk to groups is left out.
func next(patience time.Duration) (from int, b []byte) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		for fd := range names {
			b := make([]byte, 66000)
			n, err := syscall.Read(fd, b)
			if err != nil || n < 30 {
				continue
			}
			b = b[10:n]
			if b[0]>>4 == 6 && b[24] == 0xff || b[0]>>4 == 4 && b[16]>>4 == 14 {
				continue
			}
			return fd, b
		}
	}
	return 0, nil
}

func write(fd int, b []byte, header ...byte) {
	if header == nil {
		header = make([]byte, 10)
	}
	_, err := syscall.Write(fd, append(header, b...))
	must(err)
}

func put(b []byte, n uint16) { b[0], b[1] = byte(n>>8), byte(n) }

func kernel() string {
	b, err := os.ReadFile("/proc/version")
	must(err)
	return strings.TrimSpace(string(b))
}

func run(name string, args ...string) string {
	b, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		die(name, args, err, string(b))
	}
	return string(b)
}

func must(err error) {
	if err != nil {
		die(err)
	}
}

func die(args ...any) {
	fmt.Fprintln(os.Stderr, append([]any{"record:"}, args...)...)
	os.Exit(1)
}
