// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/ulvs/ulvs"
)

// TestTraffic repeats tables that testdata/traffic.sh recorded of the original
// on a kernel with connections. What each was made of stands before it, in
// another form: we read that, and want every byte of the table.
func TestTraffic(t *testing.T) {
	text, err := os.ReadFile("testdata/traffic.txt")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n\n$ ")[1:]
	names := someNames()
	names.Service = ReadServices(strings.NewReader("domain 53/udp\nhttp 80/tcp\nhttps 443/tcp\nhttp-alt 8080/tcp\nsip 5060/udp\n")).Name
	for i := 0; i+1 < len(blocks); i += 2 {
		witness, table := blocks[i], blocks[i+1]
		k, line, want := read(t, witness), firstLine(table), marked(table+"\n", "1")
		var out, errs bytes.Buffer
		words := strings.Fields(line)
		p := Program{Argv0: words[0], Dial: k.dial, Names: names, Out: &out, Err: &errs}
		if code := p.Main(t.Context(), words[1:]); code != 0 || errs.Len() > 0 || out.String() != want {
			t.Errorf("%s: exit %d, %s\ngot\n%s\nwant\n%s", line, code, &errs, &out, want)
		}
	}
	if len(blocks) < 10 || len(blocks)%2 != 0 {
		t.Errorf("%d recordings", len(blocks))
	}
}

func firstLine(text string) string { line, _, _ := strings.Cut(text, "\n"); return line }

// read makes the kernel that a witness tells of.
func read(t *testing.T, witness string) *kernel {
	k := newKernel()
	lines := strings.Split(strings.TrimSpace(marked(witness+"\n", "1")), "\n")
	if strings.HasPrefix(witness, "cat ") {
		for _, line := range lines[1:] {
			k.conns = append(k.conns, readConn(t, line))
		}
		return k
	}
	restore(t, k)
	for _, line := range lines[3:] {
		k.observe(t, firstLine(witness), line)
	}
	return k
}

// restore makes the services of traffic.sh.
func restore(t *testing.T, k *kernel) {
	script, err := os.ReadFile("testdata/traffic.sh")
	if err != nil {
		t.Fatal(err)
	}
	_, rules, _ := strings.Cut(string(script), "<<'RULES'\n")
	rules, _, _ = strings.Cut(rules, "iptables")
	for line := range strings.Lines(rules) {
		l, err := Parse(wordsOf(line))
		if err == nil {
			err = k.Do(context.Background(), l.Command)
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
}

// observe reads a row of a listing that cuts nothing: it is about the service,
// or about the server of the service that was read last.
func (k *kernel) observe(t *testing.T, listing, row string) {
	words := strings.Fields(row)
	if words[0] == "->" {
		k.observeServer(t, listing, words)
		return
	}
	for i := range k.services {
		s := &k.services[i]
		if strings.HasPrefix(row, Names{}.label(s.ID)+" ") {
			k.last = s
		}
	}
	if strings.Contains(listing, "--stats") {
		k.last.Stats = counted(t, words)
	} else if strings.Contains(listing, "--rate") {
		k.last.Rates = counted(t, words)
	}
}

func (k *kernel) observeServer(t *testing.T, listing string, words []string) {
	for i := range k.last.Servers {
		s := &k.last.Servers[i]
		if s.Addr.String() != words[1] {
			continue
		}
		n := numbers(t, words[2:])
		switch {
		case strings.Contains(listing, "--stats"):
			s.Stats = counted(t, words)
		case strings.Contains(listing, "--rate"):
			s.Rates = counted(t, words)
		case strings.Contains(listing, "--thresholds"):
			s.Upper, s.Lower, s.Active, s.Inactive = n[0], n[1], n[2], n[3]
		case strings.Contains(listing, "--persistent-conn"):
			s.Weight, s.Persistent, s.Active, s.Inactive = n[0], n[1], n[2], n[3]
		}
		return
	}
	t.Errorf("no server %s of %v", words[1], k.last.ID)
}

// counted are the last five of some words.
func counted(t *testing.T, words []string) ulvs.Stats {
	n := numbers(t, words[len(words)-5:])
	return ulvs.Stats{Conns: uint64(n[0]), InPkts: uint64(n[1]), OutPkts: uint64(n[2]), InBytes: uint64(n[3]), OutBytes: uint64(n[4])}
}

func numbers(t *testing.T, words []string) (all []int) {
	for _, w := range words {
		n, err := strconv.Atoi(w)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, n)
	}
	return all
}

// readConn reads a line of /proc/net/ip_vs_conn.
func readConn(t *testing.T, line string) ulvs.Conn {
	w := strings.Fields(line)
	c := ulvs.Conn{
		Client: hexEndpoint(t, w[1:]), Virtual: hexEndpoint(t, w[3:]), Server: hexEndpoint(t, w[5:]),
		State: w[7], Left: numbers(t, w[8:9])[0],
	}
	if w[0] != "IP" {
		if err := c.Proto.UnmarshalText([]byte(strings.ToLower(w[0]))); err != nil {
			t.Fatal(err)
		}
	}
	if len(w) > 9 {
		c.Engine, c.EngineData = w[9], w[10]
	}
	return c
}

// hexEndpoint reads "0A010002 0050", or an IPv6 address and a port.
func hexEndpoint(t *testing.T, w []string) netip.AddrPort {
	port, err := strconv.ParseUint(w[1], 16, 16)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := hex.DecodeString(w[0]); err == nil {
		a, _ := netip.AddrFromSlice(b)
		return netip.AddrPortFrom(a, uint16(port))
	}
	return netip.AddrPortFrom(netip.MustParseAddr(w[0]), uint16(port))
}

// TestCounter holds the bounds at which a counter is cut, and that --exact cuts
// none; from the section "number rule" of ipvsadm's text.
func TestCounter(t *testing.T) {
	for n, want := range map[uint64]string{
		0: "        0", 99999999: " 99999999", 100000000: "  100000K", 999999999: "  999999K", 1000000000: "    1000M",
		99999999999: "   99999M", 100000000000: "     100G", 1<<64 - 1: "18446744T",
	} {
		if got := (table{}).counter(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	for n, want := range map[uint64]string{7: "        7", 99999999: " 99999999", 123456789: " 123456789", 1<<64 - 1: " 18446744073709551615"} {
		if got := (table{exact: true}).counter(n); got != want {
			t.Errorf("--exact: %d is %q, want %q", n, got, want)
		}
	}
}

// TestTrueValues are those that the original gets wrong: counters of servers
// beyond 32 bits, marks beyond 31, a flag that a scheduler has no name for,
// and data from the network that would move a terminal's cursor.
func TestTrueValues(t *testing.T) {
	s := ulvs.ServiceStatus{Service: ulvs.Service{
		ID:        ulvs.ID{Addr: netip.MustParseAddrPort("[::]:0"), Mark: 1<<32 - 1},
		Scheduler: "sh", Flags: 4, Persist: 5}}
	s.Servers = []ulvs.ServerStatus{{Server: ulvs.Server{Addr: netip.MustParseAddrPort("[fd00::1]:80"), Mode: "dr"}, Stats: ulvs.Stats{Conns: 5e9}}}
	var out bytes.Buffer
	table{out: &out}.service(s)
	table{out: &out, layout: Stats}.service(s)
	fmt.Fprintln(&out, Names{}.save(s)[0])
	Names{}.writeConn(&out, ulvs.Conn{Proto: ulvs.UDP, State: "NONE", Left: 4294967, Engine: "sip", EngineData: "a\x1b[2J\xff\"b\\ c"}, true)
	for _, want := range []string{
		"FWM  4294967295 IPv6 sh (flag-3) persistent 5\n",
		"  -> [fd00::1]:80                    5000M        0 ",
		"-A -f 4294967295 -6 -s sh -p 5 -b flag-3\n",
		"UDP 71582:47 NONE ", `sip                a\x1b[2J\xff"b\ c` + "\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
}
