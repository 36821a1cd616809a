// SPDX-License-Identifier: Apache-2.0

//go:build ignore

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// defend asks the running kernel whom drop_entry gives up, and whom drop_packet
// drops.
//
//	CGO_ENABLED=0 go build -o record record.go defend.go
//	./record defend >defend.txt
//
// It takes four minutes, most of them waiting for connections to be silent for
// so long that they are worth less.
func defend() {
	fmt.Printf("# Recorded by defend.go\n# %s\n# %s\n\n", kernel(), strings.TrimSpace(run("ipvsadm", "-v")))
	sieve()
	for i := range crowds {
		crowds[i].come(10 * byte(i+1))
	}
	set("drop_entry=3")
	time.Sleep(40 * time.Second)
	report(40)
	time.Sleep(150 * time.Second)
	report(190)
	set("drop_entry=0")
}

// A crowd are connections of one kind.
type crowd struct {
	name    string
	option  string // of ipvsadm
	proto   string // as /proc/net/ip_vs_conn has it
	persist bool
	says    string // what each client says, and what it hears after ">"
}

const each = 100 // how many they are

var crowds = []crowd{
	{"SYN_RECV 1", "-t", "TCP", false, "S"},
	{"ESTABLISHED 2", "-t", "TCP", false, "S A"},
	{"ESTABLISHED 9", "-t", "TCP", false, "S A A A A A A A A"},
	{"FIN_WAIT 2", "-t", "TCP", false, "S A >F"},
	{"TIME_WAIT 2", "-t", "TCP", false, "S F"},
	{"SYN_SENT 2", "-t", "TCP", false, "S F >S"},
	{"SCTP_INIT 2", "--sctp-service", "SCTP", false, "INIT INIT"},
	{"SCTP_ESTABLISHED 3", "--sctp-service", "SCTP", false, "INIT >COOKIE-ACK DATA DATA"},
	{"SCTP_C-SENT 1", "--sctp-service", "SCTP", false, "INIT >INIT-ACK"},
	{"UDP 1", "-u", "UDP", false, "."},
	{"UDP 2", "-u", "UDP", false, ". ."},
	{"UDP 8", "-u", "UDP", false, ". . . . . . . ."},
	{"UDP 9", "-u", "UDP", false, ". . . . . . . . ."},
	{"PARENT 1", "-t", "TCP", true, "S"},
	{"PARENT 2", "-t", "TCP", true, "S A"},
}

// virtual is the service of a crowd.
func (c *crowd) virtual() end {
	for i := range crowds {
		if &crowds[i] == c {
			return end{[4]byte{10, 255, 0, 1}, uint16(5000 + i)}
		}
	}
	return end{}
}

func (c *crowd) come(net byte) {
	v := c.virtual()
	server := end{[4]byte{10, 1, 0, net}, v.port}
	add := []string{"-A", c.option, v.String(), "-s", "rr"}
	if c.persist {
		add = append(add, "-p", "600")
	}
	run("ipvsadm", add...)
	run("ipvsadm", "-a", c.option, v.String(), "-r", server.String(), "-m")
	for i := range each {
		client := end{[4]byte{10, 254, net, byte(1 + i)}, 7000}
		for _, word := range strings.Fields(c.says) {
			if word, heard := strings.CutPrefix(word, ">"); heard {
				send(c.packet(server, client, word), client)
			} else {
				send(c.packet(client, v, word), v)
			}
		}
	}
	if n := c.left(); n != each {
		die(c.name, "are", n)
	}
}

func (c *crowd) packet(from, to end, word string) []byte {
	k := kinds[map[string]string{"TCP": "tcp", "SCTP": "sctp"}[c.proto]]
	if k == nil {
		b := header(from, to, 17, 8)
		b[25] = 8
		return b
	}
	return k.header(from, to, k.say(word).what)
}

// left is how many of a crowd are there; of one with templates, how many of
// those.
func (c *crowd) left() (n int) {
	b, err := os.ReadFile("/proc/net/ip_vs_conn")
	must(err)
	for _, line := range strings.Split(string(b), "\n") {
		f := strings.Fields(line) // Pro FromIP FPrt ToIP TPrt DestIP DPrt State Expires
		if len(f) >= 9 && f[0] == c.proto && f[3]+":"+f[4] == c.virtual().hex() && c.persist == (f[2] == "0000") {
			n++
		}
	}
	return n
}

func report(seconds int) {
	for i := range crowds {
		fmt.Println("entry", seconds, crowds[i].name, each, crowds[i].left())
	}
}

// sieve shows which new connections drop_packet drops: x for each dropped.
func sieve() {
	v := end{[4]byte{10, 255, 0, 1}, 4000}
	run("ipvsadm", "-A", "-u", v.String(), "-s", "rr")
	run("ipvsadm", "-a", "-u", v.String(), "-r", "10.1.0.1:4000", "-m")
	set("am_droprate=4")
	set("drop_packet=3")
	time.Sleep(2500 * time.Millisecond)
	fmt.Println("packet 3 4", come(v, 7000, 21))
	free := pages("MemFree:") + pages("Buffers:")
	set("drop_packet=1")
	set("amemthresh=" + strconv.Itoa(free*3/2))
	time.Sleep(2500 * time.Millisecond)
	level, err := os.ReadFile("/proc/sys/net/ipv4/vs/drop_packet")
	must(err)
	fmt.Println("packet", strings.TrimSpace(string(level)), 3, come(v, 7100, 9))
	set("amemthresh=1024")
	time.Sleep(2500 * time.Millisecond)
	level, err = os.ReadFile("/proc/sys/net/ipv4/vs/drop_packet")
	must(err)
	fmt.Println("packet", strings.TrimSpace(string(level)), 0, come(v, 7200, 9))
	set("drop_packet=0")
}

// come lets so many clients open a connection each.
func come(v end, port uint16, n int) string {
	shown := make([]byte, n)
	for i := range n {
		b := header(end{[4]byte{10, 255, 0, 2}, port + uint16(i)}, v, 17, 8)
		b[25] = 8
		// A packet that IPVS drops on its way out is told to its sender.
		if err := trySend(b, v); err != nil && err != syscall.EPERM {
			die(err)
		}
	}
	b, err := os.ReadFile("/proc/net/ip_vs_conn")
	must(err)
	for i := range n {
		shown[i] = 'x'
		if strings.Contains(string(b), fmt.Sprintf(" %04X ", port+uint16(i))) {
			shown[i] = '.'
		}
	}
	return string(shown)
}

// pages is a line of /proc/meminfo.
func pages(name string) int {
	b, err := os.ReadFile("/proc/meminfo")
	must(err)
	_, rest, _ := strings.Cut(string(b), name)
	n, err := strconv.Atoi(strings.Fields(rest)[0])
	must(err)
	return n * 1024 / os.Getpagesize()
}
