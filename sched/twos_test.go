// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"math"
	"math/rand/v2"
	"testing"
)

// weighted is a service with servers of these weights, without connections.
func weighted(s Scheduler, weights ...int) []*Server {
	list := make([]*Server, len(weights))
	for i, w := range weights {
		list[i] = new(Server)
		list[i].Added(w, 0, 0)
	}
	s.Update(list, Change{})
	return list
}

// within reports whether n of all is as probable as it should be: less than
// five standard deviations off.
func within(n, all int, probability float64) bool {
	mean, sigma := float64(all)*probability, math.Sqrt(float64(all)*probability*(1-probability))
	return math.Abs(float64(n)-mean) <= 5*sigma
}

// Where nobody has a connection the first drawn is taken: of weights w out of
// W, (w+1)/(W+1) for the first in the list, w/(W+1) for any other.
func TestTwosDraw(t *testing.T) {
	const n = 200_000
	for _, weights := range [][]int{{1, 1}, {3, 2, 1}, {1, 0, 5}, {0, 1, 1, 1}} {
		s := &twos{rand: rand.New(rand.NewPCG(7, 0))}
		list, total, picked := weighted(s, weights...), 0, map[*Server]int{}
		for _, w := range weights {
			total += w
		}
		for range n {
			picked[s.Pick(Request{})]++
		}
		bonus := 1 // for the first eligible one
		for i, d := range list {
			w := d.Weight
			if w > 0 {
				w, bonus = w+bonus, 0
			}
			if !within(picked[d], n, float64(w)/float64(total+1)) {
				t.Errorf("%v: place %d has %d of %d, want %d/%d", weights, i, picked[d], n, w, total+1)
			}
		}
	}
}

// A loaded server is taken only if both draws are it: p*p.
func TestTwosChoice(t *testing.T) {
	const n = 200_000
	s := &twos{rand: rand.New(rand.NewPCG(8, 0))}
	list, picked := weighted(s, 3, 2, 1), 0
	list[1].Bind(false)
	for range n {
		if s.Pick(Request{}) == list[1] {
			picked++
		}
	}
	if p := 2.0 / 7; !within(picked, n, p*p) {
		t.Errorf("%d of %d, want %v", picked, n, p*p)
	}
}

// The kernel's products of 32 bits: 2^22 active connections are a load of 2^30,
// and weight 2 makes that -2^31, which is less than nothing. So the idle server
// gets only what it is drawn twice for.
func TestTwosWraps(t *testing.T) {
	const n = 200_000
	s := &twos{rand: rand.New(rand.NewPCG(9, 0))}
	list, idle := weighted(s, 2, 2), 0
	list[0].active.Store(1 << 22)
	for range n {
		if s.Pick(Request{}) == list[1] {
			idle++
		}
	}
	if p := 2.0 / 5; !within(idle, n, p*p) {
		t.Errorf("%d of %d, want %v", idle, n, p*p)
	}
}
