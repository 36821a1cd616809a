// SPDX-License-Identifier: Apache-2.0

package sched_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/ulvs/ulvs/sched"
	"github.com/ulvs/ulvs/sched/schedtest"
)

// A service of named servers, spoken to in words: "add A 3", "edit A 1",
// "del A", "pick A B -" ("-": nobody can take it).
type service struct {
	sched sched.Scheduler
	first netip.AddrPort // A's address; B's is the next, and so on
	list  []*sched.Server
	known map[string]*sched.Server
	names map[*sched.Server]string
}

func newService(t testing.TB, name string) *service {
	s := &service{
		sched: schedtest.New(t, name), first: netip.MustParseAddrPort("10.0.0.1:80"),
		known: map[string]*sched.Server{}, names: map[*sched.Server]string{nil: "-"},
	}
	s.sched.Update(nil, sched.Change{})
	return s
}

// server is the one of that name; names live for the whole test, as a server
// in the kernel's trash does.
func (s *service) server(name string) *sched.Server {
	if s.known[name] == nil {
		s.known[name] = &sched.Server{Addr: s.addr(int(name[0] - 'A'))}
		s.names[s.known[name]] = name
	}
	return s.known[name]
}

func (s *service) addr(n int) netip.AddrPort {
	a := s.first.Addr()
	for range n {
		a = a.Next()
	}
	return netip.AddrPortFrom(a, s.first.Port())
}

func (s *service) add(name string, weight, upper, lower int) {
	d := s.server(name)
	d.Added(weight, upper, lower)
	s.list = append([]*sched.Server{d}, s.list...)
	s.sched.Update(s.list, sched.Change{Kind: sched.Add, Server: d})
}

func (s *service) edit(name string, weight, upper, lower int) {
	d := s.server(name)
	d.Edited(weight, upper, lower)
	s.sched.Update(s.list, sched.Change{Kind: sched.Edit, Server: d})
}

func (s *service) del(name string) {
	d := s.server(name)
	s.list = slices.DeleteFunc(slices.Clone(s.list), func(x *sched.Server) bool { return x == d })
	s.sched.Update(s.list, sched.Change{Kind: sched.Del, Server: d})
}

// picks are n of them, as names.
func (s *service) picks(n int) string {
	var out []string
	for i := range n {
		out = append(out, s.names[s.sched.Pick(schedtest.Request(i))])
	}
	return strings.Join(out, " ")
}

// script carries out words as "A3 B2" (add), "A=3" (edit), "-A" (delete),
// ".5" (pick five and forget them).
func (s *service) script(t *testing.T, words string) {
	for _, w := range strings.Fields(words) {
		var name string
		var n int
		switch {
		case w[0] == '-':
			s.del(w[1:])
		case w[0] == '.':
			fmt.Sscanf(w, ".%d", &n)
			s.picks(n)
		default:
			name, n = w[:1], 0
			if _, err := fmt.Sscanf(strings.TrimPrefix(w[1:], "="), "%d", &n); err != nil {
				t.Fatalf("word %q: %v", w, err)
			}
			if w[1] == '=' {
				s.edit(name, n, 0, 0)
			} else {
				s.add(name, n, 0, 0)
			}
		}
	}
}

// Sequences worked out by hand from the rules of the kernel's source; those of
// testdata were recorded on a running one.
func TestVectors(t *testing.T) {
	for _, v := range []struct{ name, script, want string }{
		{"rr", "A1 B1 C1", "C B A C B A"},
		{"rr", "A1 B9 C0", "B A B A"},
		{"rr", "A1 B1 C1 .1 D1", "B A D C B A D"}, // the newest waits for the walk to wrap
		{"rr", "A1 B1 C1 .2 -B", "A C A C"},       // the hand falls back to C
		{"rr", "A1 B1 C1 .1 -C", "B A B A"},       // … or before the list
		{"rr", "A1 B1 C1 .2 B=1", "A C B"},        // an edit moves nothing
		{"rr", "A1 B0", "A A A"},                  // the last one is its own last candidate
		{"rr", "A0 B0", "- -"},
		{"wrr", "A3 B2 C1", "C B A A B A C B A A B A C B A A B A"},
		{"wrr", "A1 B2 C3", "C B A C C B C B A C C B C B A C C B"},
		{"wrr", "A4 B2", "B A A B A A B A A B A A"},
		{"wrr", "A4 B3 C2", "C B A A B A C B A C B A A B A C B A"},
		{"wrr", "A1 B1 C1", "C B A C B A C B A"},
		{"wrr", "A10 B0", "A A A A"},
		{"wrr", "A3 B2 C1 .5 C=4", "C B A C B A C C A C B A C B A C C A C B"},
		{"wrr", "B3 A1", "A B B B A B B B"},   // seen on a 6.1 kernel
		{"wrr", "A1 B1 C1 .1 B=1", "C B A C"}, // an edit that changes nothing rewinds
		{"wrr", "A0", "-"},
		{"lc", "A1 B5", "B B"}, // nobody counts: ties go to the newest
		{"wlc", "A1 B1", "B B"},
		{"wlc", "A1 B0", "A A"},
	} {
		s := newService(t, v.name)
		s.script(t, v.script)
		if got := s.picks(len(strings.Fields(v.want))); got != v.want {
			t.Errorf("%s %s:\n got %s\nwant %s", v.name, v.script, got, v.want)
		}
	}
}

// The examples that tutorials give.
func TestTutorial(t *testing.T) {
	s := newService(t, "rr")
	s.script(t, "C1 B1 A1")
	if got := s.picks(6); got != "A B C A B C" {
		t.Errorf("rr over A B C: %s", got)
	}
	s = newService(t, "wrr")
	s.script(t, "A2 B1 C1")
	for range 5 { // in every four picks, wherever the cycle begins
		if got := s.picks(4); strings.Count(got, "A") != 2 || strings.Count(got, "B") != 1 {
			t.Errorf("wrr 2:1:1: %s", got)
		}
	}
}

// Where everybody is overloaded, wrr's hand stays with the last one picked, and
// goes on behind it afterwards.
func TestWRRAfterOverload(t *testing.T) {
	s := newService(t, "wrr")
	for _, name := range []string{"A", "B", "C"} {
		s.add(name, 1, 1, 0)
	}
	got := s.picks(2) // C B: the hand is with B
	for _, d := range s.known {
		d.Bind(false)
	}
	got += " " + s.picks(1)
	for _, d := range s.known {
		d.Unbind(false)
	}
	if got += " " + s.picks(2); got != "C B - A C" {
		t.Errorf("got %s", got)
	}
}

func TestConformance(t *testing.T) {
	for _, name := range sched.Names() {
		t.Run(name, func(t *testing.T) { schedtest.Test(t, name) })
	}
}
