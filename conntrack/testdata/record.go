// SPDX-License-Identifier: Apache-2.0

//go:build ignore

// Record asks the IPVS of the running kernel through which states connections
// go, and writes the answers down for conntrack's tests.
//
//	CGO_ENABLED=0 go build -o record record.go
//	./record SEED COUNT >kernel.txt
//
// follows COUNT connections each through NAT and by direct routing: 15 random
// segments, from either side, and after each of them the state, the seconds
// left (cut off, not rounded), and + if the connection counts as active. It
// needs root, ipvsadm, and a network namespace of its own, best in a machine
// of its own (user-mode Linux does): it adds a dummy interface and services of
// 10.255.0.1, and takes them down again only by flushing IPVS.
//
// Both sides are raw sockets of the director itself; the client's address is
// nobody's, so that no stack answers.
package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
)

type end struct {
	addr [4]byte
	port uint16
}

var flags = []struct {
	word string
	bits byte
}{
	{"S", 0x02}, {"S", 0x02}, {"SA", 0x12}, {"A", 0x10}, {"A", 0x10}, {"A", 0x10}, {"PA", 0x18},
	{"FA", 0x11}, {"FA", 0x11}, {"F", 0x01}, {"R", 0x04}, {"RA", 0x14}, {"SF", 0x03}, {"SR", 0x06}, {"P", 0x08}, {"P", 0x08},
}

func main() {
	if len(os.Args) != 3 {
		die("usage: record SEED COUNT")
	}
	seed, err1 := strconv.ParseUint(os.Args[1], 10, 64)
	count, err2 := strconv.Atoi(os.Args[2])
	if err1 != nil || err2 != nil {
		die("usage: record SEED COUNT")
	}
	run("ip", "link", "add", "rec0", "type", "dummy")
	run("ip", "link", "set", "rec0", "up")
	run("ip", "addr", "add", "10.255.0.1/32", "dev", "rec0")
	run("ip", "route", "add", "10.0.0.0/8", "dev", "rec0")
	// Without this, a SYN on what has ended would be scheduled anew.
	must(os.WriteFile("/proc/sys/net/ipv4/vs/conn_reuse_mode", []byte("0"), 0))
	fmt.Printf("# Recorded by record.go %d %d, with conn_reuse_mode 0.\n", seed, count)
	fmt.Printf("# %s\n# %s\n\n", kernel(), strings.TrimSpace(run("ipvsadm", "-v")))
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range 2 * count {
		follow(r, i, i%2 == 0)
	}
	run("ipvsadm", "-C")
}

// follow records the life of one connection, of a service of its own.
func follow(r *rand.Rand, i int, nat bool) {
	port := uint16(1000 + i)
	client := end{[4]byte{10, 255, 0, 2}, port}
	virtual := end{[4]byte{10, 255, 0, 1}, port}
	server := end{[4]byte{10, 1, byte(i >> 8), byte(i)}, port}
	method, replies, often := "-g", virtual, 1
	if nat {
		method, replies, often = "-m", server, 6
	}
	run("ipvsadm", "-A", "-t", virtual.String(), "-s", "rr")
	run("ipvsadm", "-a", "-t", virtual.String(), "-r", server.String(), method)
	fmt.Print(map[bool]string{true: "nat", false: "direct"}[nat])
	for n := range 15 {
		f := flags[r.IntN(len(flags))]
		if n == 0 {
			f = flags[r.IntN(3)] // something that opens a connection
		}
		if n > 0 && r.IntN(15) < often {
			fmt.Print("  out ", f.word)
			send(replies, client, f.bits)
		} else {
			fmt.Print("  in ", f.word)
			send(client, virtual, f.bits)
		}
		fmt.Print(" ", state(client), active(server))
	}
	fmt.Println()
	run("ipvsadm", "-D", "-t", virtual.String())
}

func (e end) String() string {
	return fmt.Sprintf("%d.%d.%d.%d:%d", e.addr[0], e.addr[1], e.addr[2], e.addr[3], e.port)
}

func (e end) hex() string { return fmt.Sprintf("%X:%04X", e.addr[:], e.port) }

// state is the state and the seconds left of the client's connection.
func state(client end) string {
	b, err := os.ReadFile("/proc/net/ip_vs_conn")
	must(err)
	for _, line := range strings.Split(string(b), "\n") {
		f := strings.Fields(line) // Pro FromIP FPrt ToIP TPrt DestIP DPrt State Expires
		if len(f) >= 9 && f[1]+":"+f[2] == client.hex() {
			return f[7] + " " + f[8]
		}
	}
	die("no connection of", client)
	return ""
}

// active is " +" if the server has an active connection.
func active(server end) string {
	b, err := os.ReadFile("/proc/net/ip_vs")
	must(err)
	_, rest, _ := strings.Cut(string(b), "-> "+server.hex())
	f := strings.Fields(rest) // Forward Weight ActiveConn InActConn
	switch f[2] + f[3] {
	case "10":
		return " +"
	case "01":
		return " -"
	}
	die("server", server, "counts", f[2], f[3])
	return ""
}

func send(from, to end, bits byte) {
	b := make([]byte, 40)
	b[0], b[3], b[8], b[9] = 0x45, 40, 64, 6
	copy(b[12:], from.addr[:])
	copy(b[16:], to.addr[:])
	binary.BigEndian.PutUint16(b[20:], from.port)
	binary.BigEndian.PutUint16(b[22:], to.port)
	b[32], b[33] = 5<<4, bits
	binary.BigEndian.PutUint16(b[36:], checksum(b[12:]))
	must(syscall.Sendto(sock, b, 0, &syscall.SockaddrInet4{Addr: to.addr}))
}

// checksum is TCP's, of the addresses and the header behind them.
func checksum(b []byte) uint16 {
	s := uint32(6 + 20)
	for i := 0; i < len(b); i += 2 {
		s += uint32(b[i])<<8 | uint32(b[i+1])
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return ^uint16(s)
}

var sock = raw()

func raw() int {
	s, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_RAW, syscall.IPPROTO_RAW)
	must(err)
	return s
}

func kernel() string {
	b, err := os.ReadFile("/proc/version")
	must(err)
	return strings.Join(strings.Fields(string(b))[:3], " ")
}

func run(name string, args ...string) string {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		die(name, args, err, string(out))
	}
	return string(out)
}

func must(err error) {
	if err != nil {
		die(err)
	}
}

func die(v ...any) {
	fmt.Fprintln(os.Stderr, v...)
	os.Exit(1)
}
