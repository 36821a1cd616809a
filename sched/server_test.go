// SPDX-License-Identifier: Apache-2.0

package sched_test

import (
	"testing"

	"github.com/ulvs/ulvs/sched"
)

// filled is a server with n connections.
func filled(n, upper, lower int) *sched.Server {
	s := new(sched.Server)
	s.Edited(1, upper, lower)
	for range n {
		s.Bind(false)
	}
	return s
}

// resumes is how many connections are left when the server takes new ones
// again.
func resumes(s *sched.Server) int {
	for s.Overloaded() && s.Inactive() > 0 {
		s.Unbind(false)
	}
	return s.Inactive()
}

// The numbers are worked out from the kernel's rule: below the lower threshold,
// else below three quarters of the upper.
func TestThresholds(t *testing.T) {
	for _, v := range []struct{ upper, lower, resumes int }{
		{10, 0, 7}, {10, 5, 4}, {1, 0, 0}, {2, 0, 1}, {4, 0, 2}, {5, 0, 3},
	} {
		if filled(v.upper-1, v.upper, v.lower).Overloaded() {
			t.Errorf("-x %d: overloaded with one less", v.upper)
		}
		s := filled(v.upper, v.upper, v.lower)
		if !s.Overloaded() {
			t.Errorf("-x %d: not overloaded with as many", v.upper)
		}
		if got := resumes(s); got != v.resumes {
			t.Errorf("-x %d -y %d: resumes at %d, want %d", v.upper, v.lower, got, v.resumes)
		}
	}
}

func TestThresholdEdits(t *testing.T) {
	for _, v := range []struct {
		what         string
		conns, upper int
		edited       int
		want         bool
	}{
		{"lowering waits for the next connection", 5, 10, 3, false},
		{"the same again changes nothing", 10, 10, 10, true},
		{"lowering keeps an overload", 10, 10, 5, true},
		{"raising ends it, even if still above", 10, 4, 5, false},
		{"taking away ends it", 10, 10, 0, false},
	} {
		s := filled(v.conns, v.upper, 0)
		s.Edited(1, v.edited, 0)
		if s.Overloaded() != v.want {
			t.Errorf("%s: overloaded %v", v.what, s.Overloaded())
		}
	}
	s := filled(5, 10, 0)
	s.Edited(1, 3, 0)
	s.Bind(false)
	if !s.Overloaded() {
		t.Error("the connection after a lowered threshold is not noticed")
	}
}

// A change of state moves a connection between the counts, and no threshold
// looks at that.
func TestActivate(t *testing.T) {
	s := filled(2, 10, 0)
	s.Activate()
	if s.Active() != 1 || s.Inactive() != 1 {
		t.Errorf("%d active, %d inactive", s.Active(), s.Inactive())
	}
	s.Deactivate()
	s.Bind(true)
	s.Unbind(true)
	if s.Active() != 0 || s.Inactive() != 2 {
		t.Errorf("%d active, %d inactive", s.Active(), s.Inactive())
	}
}

func TestLastWeight(t *testing.T) {
	var s sched.Server
	s.Edited(3, 0, 0)
	s.Edited(0, 0, 0)
	if s.Weight != 0 || s.LastWeight != 3 {
		t.Errorf("weight %d, last %d", s.Weight, s.LastWeight)
	}
}
