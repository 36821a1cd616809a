// SPDX-License-Identifier: Apache-2.0

package sched_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/ulvs/ulvs/sched"
	"github.com/ulvs/ulvs/sched/schedtest"
)

// cycle is weighted round robin by its definition, for a list of which nobody
// is overloaded: all the picks of one cycle, from the highest bar to the lowest.
func cycle(list []*sched.Server) (picks []*sched.Server) {
	step, highest := 0, 0
	for n := 1; n <= 100; n++ { // the largest number that divides every weight
		if !slices.ContainsFunc(list, func(s *sched.Server) bool { return s.Weight%n != 0 }) {
			step = n
		}
	}
	for _, s := range list {
		highest = max(highest, s.Weight)
	}
	for bar := highest; bar > 0; bar -= step {
		for _, s := range list {
			if s.Weight >= bar {
				picks = append(picks, s)
			}
		}
	}
	return picks
}

func TestWRRAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 0))
	for range 500 {
		list := schedtest.Servers(1 + r.IntN(6))
		for _, s := range list {
			s.Edited(r.IntN(10)*(1+r.IntN(3)), 0, 0)
		}
		want := cycle(list)
		if len(want) == 0 {
			continue
		}
		s := schedtest.New(t, "wrr")
		s.Update(list, sched.Change{Kind: sched.Init}) // begins at the top
		for i := range 3 * len(want) {
			if got := s.Pick(schedtest.Request(i)); got != want[i%len(want)] {
				t.Fatalf("pick %d of %v differs from the definition", i, weights(list))
			}
		}
	}
}

func weights(list []*sched.Server) (w []int) {
	for _, s := range list {
		w = append(w, s.Weight)
	}
	return w
}

// best is least connection by its definition: divide, and compare. Loads and
// weights are small here, so that no two fractions differ by less than a float
// can tell.
func best(list []*sched.Server, weighted bool) (best *sched.Server) {
	score := func(s *sched.Server) float64 {
		load := float64(256*s.Active() + s.Inactive())
		if weighted {
			return load / float64(s.Weight)
		}
		return load
	}
	for _, s := range slices.Backward(list) {
		if s.Weight > 0 && (best == nil || score(s) <= score(best)) {
			best = s
		}
	}
	return best
}

func TestLeastAgainstDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 0))
	for name, weighted := range map[string]bool{"lc": false, "wlc": true} {
		list := schedtest.Servers(6)
		for _, s := range list {
			s.Edited(r.IntN(5), 0, 0)
		}
		s := schedtest.New(t, name)
		s.Update(list, sched.Change{Kind: sched.Init})
		for i := range 2000 {
			got := s.Pick(schedtest.Request(i))
			if got != best(list, weighted) {
				t.Fatalf("%s: pick %d differs from the definition", name, i)
			}
			got.Bind(r.IntN(2) == 0)
		}
	}
}

func FuzzRR(f *testing.F)  { schedtest.Fuzz(f, "rr") }
func FuzzWRR(f *testing.F) { schedtest.Fuzz(f, "wrr") }
func FuzzLC(f *testing.F)  { schedtest.Fuzz(f, "lc") }
func FuzzWLC(f *testing.F) { schedtest.Fuzz(f, "wlc") }

// FuzzAll is for all of them: the seed says which one.
func FuzzAll(f *testing.F) {
	for i := range sched.Names() {
		f.Add(byte(i), []byte("\x00\x20\x40\x60\x1f\x3f\x22\x03\x24\x1f"))
	}
	f.Fuzz(func(t *testing.T, which byte, steps []byte) {
		names := sched.Names()
		schedtest.Play(t, names[int(which)%len(names)], steps)
	})
}

func TestUnknownName(t *testing.T) {
	if _, err := sched.New("nobody", sched.Env{}); err == nil {
		t.Error("a scheduler called nobody")
	}
	if names := sched.Names(); !slices.IsSorted(names) || !slices.Contains(names, "wlc") {
		t.Errorf("names %v", names)
	}
}

func BenchmarkPick(b *testing.B) {
	for _, name := range sched.Names() {
		b.Run(name, func(b *testing.B) {
			s, list := schedtest.New(b, name), schedtest.Servers(16)
			s.Update(list, sched.Change{Kind: sched.Init})
			r := schedtest.Request(1)
			b.ReportAllocs()
			for b.Loop() {
				s.Pick(r).Bind(false) // active ones would overflow ovf
			}
		})
	}
}
