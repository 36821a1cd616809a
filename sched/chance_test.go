// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"math"
	"testing"
)

// shares counts who gets each of n clients.
func shares(s Scheduler, n int) map[*Server]int {
	got := map[*Server]int{}
	for i := range n {
		got[s.Pick(from(uint32(i)))]++
	}
	return got
}

// uneven is Pearson's χ² of what was got against the weights, as a multiple of
// its standard deviation away from its mean.
func uneven(list []*Server, got map[*Server]int) float64 {
	total, weights, chi := 0, 0, 0.0
	for _, d := range list {
		total, weights = total+got[d], weights+d.Weight
	}
	for _, d := range list {
		want := float64(total) * float64(d.Weight) / float64(weights)
		chi += (float64(got[d]) - want) * (float64(got[d]) - want) / want
	}
	degrees := float64(len(list) - 1)
	return (chi - degrees) / math.Sqrt(2*degrees)
}

func TestSharesFollowWeights(t *testing.T) {
	for _, name := range []string{"random", "p2c", "hrw", "chbl"} {
		for _, n := range []int{2, 7, 60} {
			list := crowd(n)
			s, _ := New(name, Env{})
			s.Update(list, Change{})
			if name == "p2c" || name == "chbl" {
				for _, d := range list { // as loaded as each other, and much
					for range 1000 * d.Weight {
						d.Bind(true)
					}
				}
			}
			if far := uneven(list, shares(s, 20_000)); far > 5 {
				t.Errorf("%s of %d: χ² is %.1f standard deviations off", name, n, far)
			}
		}
	}
}

// Of servers loaded 0, 1, 2, … the k-th least loaded of n is taken if both
// draws are from it or worse, and one of them is it: 2(n-k)-1 of n² chances.
func TestTwoChoices(t *testing.T) {
	const n = 20
	list := make([]*Server, n)
	for i := range list {
		list[i] = &Server{}
		list[i].Added(3, 0, 0)
		for range i {
			list[i].Bind(true)
		}
	}
	s, _ := New("p2c", Env{})
	s.Update(list, Change{})
	got := shares(s, 100_000)
	for k, d := range list {
		p := float64(2*(n-k)-1) / (n * n)
		if far := (float64(got[d]) - 100_000*p) / math.Sqrt(100_000*p*(1-p)); math.Abs(far) > 4.5 {
			t.Errorf("load %d was taken %d times, %.1f standard deviations off", k, got[d], far)
		}
	}
}
