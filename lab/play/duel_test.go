// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// crooked is memory in the kernel's place, and with one fault: it loses what is
// for one server.
type crooked struct {
	*memory
	loses string
}

func (c crooked) Arrive(ctx context.Context, port int, frame []byte) (Effect, error) {
	e, err := c.memory.Arrive(ctx, port, frame)
	e.Left[eth1] = slices.DeleteFunc(e.Left[eth1], func(f []byte) bool {
		return c.loses != "" && strings.Contains(parsed(f).Text(), "> "+c.loses)
	})
	return e, err
}

func duelOf(t *testing.T, s script, loses string) (tale, error) {
	t.Helper()
	m, err := newMemory()
	if err != nil {
		t.Fatal(err)
	}
	defer m.engine.Close()
	return fight(t.Context(), s, crooked{m, loses})
}

// TestDuelAlike: a director does not differ from itself, whatever is made up; and
// what is told of it is a lesson that holds.
func TestDuelAlike(t *testing.T) {
	has, _, err := probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(10) {
		s, err := newScript(t.Context(), seed, 100, has)
		if err != nil {
			t.Fatal(err)
		}
		tale, err := duelOf(t, s, "")
		if err != nil {
			t.Errorf("%s: %v", s.name, err)
			continue
		}
		if tale.events < 20 {
			t.Errorf("%s: only %d events", s.name, tale.events)
		}
		l, err := Read(s.name, strings.NewReader(tale.lesson(s.name)))
		if err == nil {
			err = Memory(t.Context(), l)
		}
		if err != nil {
			t.Errorf("told as a lesson: %v", err)
		}
	}
}

// TestDuelDiffers: a fault is found, and shrunk to what it needs.
func TestDuelDiffers(t *testing.T) {
	s := script{name: "faulty", events: []event{
		{line: "ipvsadm -A -t 192.0.2.1:80 -s rr"},
		{line: "ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.1:80 -m"},
		{line: "in 198.51.100.7:1 > 192.0.2.1:80 tcp S"},
		{line: "ipvsadm -A -u 192.0.2.1:53 -s rr"},
		{line: "ipvsadm -a -t 192.0.2.1:80 -r 10.0.0.2:80 -m"},
		{line: "in 198.51.100.7:2 > 192.0.2.1:80 tcp S"},
		{line: "in 198.51.100.7:3 > 192.0.2.1:80 tcp S"},
	}}
	differs := func(less []event) bool {
		_, err := duelOf(t, script{s.name, less}, "10.0.0.2:80")
		var where *difference
		return errors.As(err, &where)
	}
	if !differs(s.events) {
		t.Fatal("the fault was not found")
	}
	var lines []string
	for _, e := range shrink(s.events, probes, differs) {
		lines = append(lines, e.line)
	}
	if len(lines) != 3 || !slices.Contains(lines, s.events[0].line) || !slices.Contains(lines, s.events[4].line) {
		t.Errorf("shrunk to\n%s", strings.Join(lines, "\n"))
	}
}

// TestShrink: exactly what is needed is left.
func TestShrink(t *testing.T) {
	var all []event
	for i := range 100 {
		all = append(all, event{line: string(rune('0' + i))})
	}
	asked := 0
	less := shrink(all, 1000, func(e []event) bool {
		asked++
		return slices.Contains(e, all[17]) && slices.Contains(e, all[83])
	})
	if !slices.Equal(less, []event{all[17], all[83]}) {
		t.Errorf("shrunk to %v", less)
	}
	if asked > 200 {
		t.Errorf("asked %d times", asked)
	}
	if n := len(shrink(all, 0, func([]event) bool { return true })); n != 100 {
		t.Errorf("without asking, %d are left of 100", n)
	}
}

// TestSameConns: listings of connections are the same in any order, and as time
// goes by.
func TestSameConns(t *testing.T) {
	const head = "IPVS connection entries\npro expire state source virtual destination\n"
	const a, b = "TCP 14:59 ESTABLISHED 1.1.1.1:1 2.2.2.2:2 3.3.3.3:3\n", "UDP 04:00 UDP 1.1.1.1:2 2.2.2.2:2 3.3.3.3:3\n"
	for _, c := range []struct {
		got, want string
		late      time.Duration
		same      bool
	}{
		{head + a + b, head + b + a, 0, true},
		{head + a + a + b, head + a + b, 0, true},
		{head + a, head + a + b, 0, false},
		{head + strings.Replace(a, "14:59", "14:57", 1), head + a, 0, true},
		{head + strings.Replace(a, "14:59", "14:56", 1), head + a, 0, false},
		{head + strings.Replace(a, "14:59", "14:56", 1), head + a, time.Second, true},
		{head + strings.Replace(a, "14:59", "15:02", 1), head + a, time.Second, false},
		{head + strings.Replace(a, "ESTABLISHED", "FIN_WAIT", 1), head + a, 0, false},
	} {
		if sameConns(c.got, c.want, c.late) != c.same {
			t.Errorf("%s\nand\n%s\n%v late: wanted %v", c.got, c.want, c.late, c.same)
		}
	}
}

// TestHosts: what a host may do with what passes, and what only a director does.
func TestHosts(t *testing.T) {
	const came = "198.51.100.7:1 > 192.0.2.1:80 tcp A"
	for text, may := range map[string]bool{
		"198.51.100.7:1 > 192.0.2.1:80 tcp A ttl 63":                                     true,
		"192.0.2.1:80 > 198.51.100.7:1 tcp R":                                            true,
		"192.0.2.100 > 198.51.100.7 icmp host-unreachable { 1.1.1.1:1 > 2.2.2.2:2 udp }": true,
		"198.51.100.7:1 > 10.0.0.1:80 tcp A":                                             false,
		"192.0.2.1:80 > 198.51.100.8:1 tcp R":                                            false,
	} {
		e := Effect{Left: [ports][][]byte{{frameOf(t, text)}}}
		if e.hosts(frameOf(t, came)) != may {
			t.Errorf("%s: a host may do this: wanted %v", text, may)
		}
	}
}

func frameOf(t *testing.T, text string) []byte {
	t.Helper()
	a, err := readArrival("in " + text)
	if err != nil {
		t.Fatal(err)
	}
	return a.(*arrival).frame
}
