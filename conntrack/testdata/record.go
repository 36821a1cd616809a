// SPDX-License-Identifier: Apache-2.0

//go:build ignore

// Record asks the IPVS of the running kernel through which states connections
// go, and writes the answers down for conntrack's tests.
//
//	CGO_ENABLED=0 go build -o record record.go defend.go
//	./record tcp 3 130 >kernel.txt
//	./record secure 10 60 >secure.txt
//	./record sctp 9 60 >sctp.txt
//
// follows, by a seed, so many connections each through NAT and by direct
// routing: 15 random packets, from either side (and before them, other than in
// tcp, some that leave less to chance); and after each packet the state, the
// seconds left (cut off, not rounded), and + if the connection counts as
// active. secure is tcp with secure_tcp. It needs root, ipvsadm, and a network
// namespace of its own, best in a machine of its own (user-mode Linux does): it
// adds a dummy interface and services of 10.255.0.1, and takes them down again
// only by flushing IPVS.
//
// Both sides are raw sockets of the director itself; the client's address is
// nobody's, so that no stack answers.
package main

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
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

// A kind of recording: a protocol, and what is sent by it.
type kind struct {
	option  string // of ipvsadm
	header  func(from, to end, what []byte) []byte
	says    []say
	openers int      // how many of them, from the first, open a connection
	starts  []string // ways through NAT to states that chance seldom finds; > is the server
	direct  []string // the same by direct routing
	sysctl  string
}

// A say is a word for what is sent, and what makes it so.
type say struct {
	word string
	what []byte
}

var kinds = map[string]*kind{
	"tcp":    {"-t", tcp, flags, 3, nil, nil, ""},
	"secure": {"-t", tcp, flags, 3, tcpStarts, nil, "secure_tcp=3"},
	"sctp":   {"--sctp-service", sctp, chunks, 16, sctpStarts, sctpDirect, "sloppy_sctp=1"},
}

var tcpStarts = []string{"S", "S >SA", "S >A F", "S >A >F", "S F"}

var sctpStarts = []string{
	"INIT", "INIT INIT", "INIT >INIT-ACK", "INIT >INIT-ACK COOKIE-ECHO", "INIT >COOKIE-ACK", "INIT >COOKIE-ACK SHUTDOWN", "INIT >COOKIE-ECHO",
	"INIT >SHUTDOWN", "INIT >SHUTDOWN-ACK", "INIT >ABORT", "INIT-ACK", "INIT-ACK INIT-ACK",
}

var sctpDirect = []string{"INIT", "INIT INIT", "INIT-ACK", "COOKIE-ECHO SHUTDOWN"}

var flags = []say{
	{"S", []byte{0x02}}, {"S", []byte{0x02}}, {"SA", []byte{0x12}}, {"A", []byte{0x10}}, {"A", []byte{0x10}}, {"A", []byte{0x10}},
	{"PA", []byte{0x18}}, {"FA", []byte{0x11}}, {"FA", []byte{0x11}}, {"F", []byte{0x01}}, {"R", []byte{0x04}}, {"RA", []byte{0x14}},
	{"SF", []byte{0x03}}, {"SR", []byte{0x06}}, {"P", []byte{0x08}}, {"P", []byte{0x08}},
}

// chunks are in the words of package packet, with + between them.
var chunks = []say{
	{"INIT", zeros(1, 20)}, {"INIT", zeros(1, 20)}, {"INIT", zeros(1, 20)}, {"INIT", zeros(1, 20)},
	{"INIT-ACK", zeros(2, 20)}, {"COOKIE-ECHO", zeros(10, 4)}, {"COOKIE-ACK", zeros(11, 4)}, {"DATA", zeros(0, 16)},
	{"SHUTDOWN", zeros(7, 8)}, {"SHUTDOWN-ACK", zeros(8, 4)}, {"SHUTDOWN-COMPLETE", zeros(14, 4)}, {"ERROR", zeros(9, 4)},
	{"COOKIE-ECHO:2+DATA", append(append(zeros(10, 6), 0, 0), zeros(0, 16)...)},
	{"SACK", zeros(3, 16)}, {"HEARTBEAT", zeros(4, 4)}, {"193", zeros(193, 4)},

	{"ABORT", zeros(6, 4)}, {"COOKIE-ACK+ABORT", append(zeros(11, 4), zeros(6, 4)...)},
	{"COOKIE-ECHO:1+ABORT", append(append(zeros(10, 5), 0, 0, 0), zeros(6, 4)...)}, {"-", nil},
	{"HEARTBEAT-ACK", zeros(5, 4)}, {"ECNE", zeros(12, 8)}, {"CWR", zeros(13, 8)},
}

// zeros is a chunk of so many bytes.
func zeros(kind byte, n int) []byte {
	b := make([]byte, n)
	b[0], b[3] = kind, byte(n)
	return b
}

const usage = "usage: record tcp|secure|sctp SEED COUNT, or record defend"

func main() {
	if len(os.Args) == 2 && os.Args[1] == "defend" {
		prepare()
		defend()
		return
	}
	if len(os.Args) != 4 || kinds[os.Args[1]] == nil {
		die(usage)
	}
	prepare()
	kinds[os.Args[1]].record()
}

// record is all of one kind, as the command line has it.
func (k *kind) record() {
	seed, err1 := strconv.ParseUint(os.Args[2], 10, 64)
	count, err2 := strconv.Atoi(os.Args[3])
	if err1 != nil || err2 != nil {
		die(usage)
	}
	// Without this, a SYN on what has ended would be scheduled anew.
	set("conn_reuse_mode=0")
	if k.sysctl != "" {
		set(k.sysctl)
	}
	fmt.Printf("# Recorded by record.go %s %d %d, with conn_reuse_mode=0 %s\n", os.Args[1], seed, count, k.sysctl)
	fmt.Printf("# %s\n# %s\n\n", kernel(), strings.TrimSpace(run("ipvsadm", "-v")))
	n := 0
	for i, script := range append(k.scripts(k.starts), k.scripts(k.direct)...) {
		k.follow(n, i < len(k.scripts(k.starts)), script)
		n++
	}
	for r := rand.New(rand.NewPCG(seed, 0)); count > 0; count-- {
		k.follow(n, true, k.random(r, 6))
		k.follow(n+1, false, k.random(r, 1))
		n += 2
	}
	run("ipvsadm", "-C")
}

// scripts are the starts, and after each of them whatever can follow; and those
// that open a connection by themselves.
func (k *kind) scripts(starts []string) (all [][]string) {
	for _, start := range starts {
		for i, s := range k.says {
			if i > 0 && s.word == k.says[i-1].word {
				continue
			}
			for _, side := range []string{"", ">"} {
				all = append(all, strings.Fields(start+" "+side+s.word))
			}
		}
	}
	for _, s := range k.says[:k.openers] {
		if len(starts) > 0 {
			all = append(all, []string{s.word})
		}
	}
	return all
}

// random is 15 words, so often of 15 from the server, and the first one
// something that opens a connection.
func (k *kind) random(r *rand.Rand, often int) (script []string) {
	for n := range 15 {
		word := k.says[r.IntN(len(k.says))].word
		if n == 0 {
			word = k.says[r.IntN(k.openers)].word
		}
		if n > 0 && r.IntN(15) < often {
			word = ">" + word
		}
		script = append(script, word)
	}
	return script
}

// prepare gives the director its addresses.
func prepare() {
	run("ip", "link", "add", "rec0", "type", "dummy")
	run("ip", "link", "set", "rec0", "up")
	run("ip", "addr", "add", "10.255.0.1/32", "dev", "rec0")
	run("ip", "route", "add", "10.0.0.0/8", "dev", "rec0")
}

// follow records the life of one connection, of a service of its own.
func (k *kind) follow(i int, nat bool, script []string) {
	port := uint16(1000 + i)
	client := end{[4]byte{10, 255, 0, 2}, port}
	virtual := end{[4]byte{10, 255, 0, 1}, port}
	server := end{[4]byte{10, 1, byte(i >> 8), byte(i)}, port}
	name, method, replies := "direct", "-g", virtual
	if nat {
		name, method, replies = "nat", "-m", server
	}
	run("ipvsadm", "-A", k.option, virtual.String(), "-s", "rr")
	run("ipvsadm", "-a", k.option, virtual.String(), "-r", server.String(), method)
	fmt.Print(name)
	for _, word := range script {
		if word, heard := strings.CutPrefix(word, ">"); heard {
			fmt.Print("  out ", word)
			send(k.header(replies, client, k.say(word).what), client)
		} else {
			fmt.Print("  in ", word)
			send(k.header(client, virtual, k.say(word).what), virtual)
		}
		fmt.Print(" ", state(client), active(server))
	}
	fmt.Println()
	run("ipvsadm", "-D", k.option, virtual.String())
}

// say is what a word stands for.
func (k *kind) say(word string) say {
	for _, s := range k.says {
		if s.word == word {
			return s
		}
	}
	die("no word", word)
	return say{}
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

// header is an IP packet with room for n bytes, that begin with ports.
func header(from, to end, proto byte, n int) []byte {
	b := make([]byte, 20+n)
	b[0], b[3], b[8], b[9] = 0x45, byte(len(b)), 64, proto
	copy(b[12:], from.addr[:])
	copy(b[16:], to.addr[:])
	binary.BigEndian.PutUint16(b[20:], from.port)
	binary.BigEndian.PutUint16(b[22:], to.port)
	return b
}

// tcp is a segment with these flags.
func tcp(from, to end, flags []byte) []byte {
	b := header(from, to, 6, 20)
	b[32], b[33] = 5<<4, flags[0]
	binary.BigEndian.PutUint16(b[36:], checksum(b[12:]))
	return b
}

// sctp is a packet with these chunks.
func sctp(from, to end, chunks []byte) []byte {
	b := header(from, to, 132, 12+len(chunks))
	copy(b[32:], chunks)
	binary.LittleEndian.PutUint32(b[28:], crc32.Checksum(b[20:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}

func send(b []byte, to end) { must(trySend(b, to)) }

func trySend(b []byte, to end) error {
	return syscall.Sendto(sock, b, 0, &syscall.SockaddrInet4{Addr: to.addr})
}

// set sets a sysctl of IPVS.
func set(assignment string) {
	name, value, _ := strings.Cut(assignment, "=")
	must(os.WriteFile("/proc/sys/net/ipv4/vs/"+name, []byte(value), 0))
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
