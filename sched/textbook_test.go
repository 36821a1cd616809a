// SPDX-License-Identifier: Apache-2.0

package sched_test

import (
	"strings"
	"testing"

	"github.com/ulvs/ulvs/sched/schedtest"
)

// curl is a loop of short requests: each one's connection is over, but still
// remembered, when the next one opens.
func (s *service) curl(n int) (names string) {
	for i := range n {
		d := s.sched.Pick(schedtest.Request(i))
		d.Bind(false)
		names += s.names[d]
	}
	return names
}

// Shortest expected delay with weights 1, 2, 3: worked out by hand. The load
// of A after a picks is (a+1)/1, that of B (b+1)/2, that of C (c+1)/3; the
// newest wins ties.
func TestTextbookSED(t *testing.T) {
	for name, want := range map[string]string{
		"sed":          "CCCCCC", // nobody is ever active
		"sed-textbook": "CBCCBA", // 1/3, 1/2, 2/3, 3/3 (as all), 2/2 (as A), 1/1
	} {
		s := newService(t, name)
		s.script(t, "A1 B2 C3")
		if got := s.curl(6); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// The first round is spread evenly, whatever the weights; who comes later gets
// his first one first.
func TestTextbookNQ(t *testing.T) {
	s := newService(t, "nq-textbook")
	s.script(t, "A1 B9 C1 D0")
	if got := s.curl(3); got != "CBA" {
		t.Errorf("the first round is %s", got)
	}
	if got := s.curl(8); got != "BBBBBBBB" { // 2/9, 3/9, … 9/9 against 2/1
		t.Errorf("then %s", got)
	}
	s.script(t, "E1")
	s.script(t, "D=1")
	if got := s.curl(3); got != "EDB" { // 10/9 against 2/1
		t.Errorf("with newcomers %s", got)
	}
	s = newService(t, "nq")
	s.script(t, "A1 B9 C1")
	if got := s.curl(3); got != "CCC" {
		t.Errorf("the kernel's: %s", got)
	}
}

// First by turns, then remembered; by turns again where that one cannot.
func TestTextbookDH(t *testing.T) {
	s := newService(t, "dh-textbook")
	s.script(t, "A1 B1 C1")
	if got := s.picks(6) + " " + s.picks(6); got != "C B A C B A C B A C B A" {
		t.Errorf("got %s", got)
	}
	s.script(t, "-B")
	if got := s.picks(6); got != "C C A C A A" {
		t.Errorf("without B: %s", got)
	}
	s.script(t, "B1 A=0")
	if got := s.picks(6); got != "C C B C C B" {
		t.Errorf("with B again, and A at weight 0: %s", got)
	}
}

// The kernel's dh looks for nobody else where its server cannot.
func TestDHStays(t *testing.T) {
	s := newService(t, "dh")
	s.script(t, "A1 B9")
	before := s.picks(20)
	s.script(t, "A=0")
	if got := s.picks(20); got != strings.ReplaceAll(before, "A", "-") || got == before {
		t.Errorf("%s; before %s", got, before)
	}
}
