// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

const ms = time.Millisecond

func TestObserve(t *testing.T) {
	var d Server
	if d.Latency(time.Hour) != 0 {
		t.Error("a latency, and nobody observed one")
	}
	d.Observe(100*ms, 0)
	near(t, "after ten seconds 1/e is left", d.Latency(10*time.Second).Seconds(), 0.1/math.E)
	d.Observe(20*ms, 10*time.Second)
	near(t, "good news counts by its age", d.Latency(10*time.Second).Seconds(), 0.1/math.E+0.02*(1-1/math.E))
	d.Observe(500*ms, 10*time.Second)
	near(t, "bad news counts at once", d.Latency(10*time.Second).Seconds(), 0.5)
	d.Observe(500*ms, 60*time.Second)
	near(t, "the same again is no news", d.Latency(60*time.Second).Seconds(), 0.5)
}

// A steady stream of B bytes a second has the bandwidth B, but for the grain.
func TestCarried(t *testing.T) {
	var d Server
	now := time.Duration(0)
	for now = 0; now < 200*time.Second; now += 10 * ms {
		d.Carried(1000, now)
	}
	near(t, "bandwidth", d.Bandwidth(now-10*ms/2), 100_000)
	near(t, "ten seconds later", d.Bandwidth(now+10*time.Second-10*ms/2), 100_000/math.E)
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got/want-1) > 1e-4 {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// The order of scores is that of what is left, at any later time.
func TestScoresKeepOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	for range 10_000 {
		a := fading{1 + r.Float64()*1e9, time.Duration(r.Int64N(int64(time.Minute)))}
		b := fading{1 + r.Float64()*1e9, time.Duration(r.Int64N(int64(time.Minute)))}
		f, g := 0.001+r.Float64(), 0.001+r.Float64()
		later := time.Minute + time.Duration(r.Int64N(int64(time.Minute)))
		x, y := a.now(later)*f, b.now(later)*g
		if math.Abs(x/y-1) > 1e-5 && (x < y) != (a.score(f) < b.score(g)) {
			t.Fatalf("%v and %v: %v and %v are left, but the scores are %d and %d", a, b, x, y, a.score(f), b.score(g))
		}
	}
}

// Whatever was measured when, the pick has the least of what the formula says
// at the moment of the pick.
func TestMeasuredAgainstFormula(t *testing.T) {
	for _, n := range []int{5, 200} {
		againstFormula(t, "ewma", n, func(d *Server, r *rand.Rand, now time.Duration) {
			d.Observe(time.Duration(1+r.Int64N(int64(time.Second))), now)
		}, func(d *Server, now time.Duration) float64 {
			return d.latency.now(now) * float64(d.Active()+1) / float64(d.Weight)
		})
		againstFormula(t, "lb", n, func(d *Server, r *rand.Rand, now time.Duration) {
			d.Carried(1+r.IntN(1e6), now)
		}, func(d *Server, now time.Duration) float64 {
			return d.Bandwidth(now) / float64(d.Weight)
		})
	}
}

func againstFormula(t *testing.T, name string, n int, measure func(*Server, *rand.Rand, time.Duration), cost func(*Server, time.Duration) float64) {
	r, list := rand.New(rand.NewPCG(3, 8)), crowd(n)
	s, _ := New(name, Env{})
	s.Update(list, Change{})
	now := time.Duration(0)
	for _, d := range list {
		measure(d, r, now)
	}
	for i := range 2000 {
		now += time.Duration(r.Int64N(int64(500 * ms)))
		if d := list[r.IntN(n)]; d.Active() > 0 {
			d.Unbind(true)
		}
		measure(list[r.IntN(n)], r, now)
		got := s.Pick(Request{Now: now})
		for _, d := range list {
			if cost(d, now) < cost(got, now)*(1-1e-5) {
				t.Fatalf("%s: pick %d costs %v, another %v", name, i, cost(got, now), cost(d, now))
			}
		}
		got.Bind(true)
	}
}

// Servers that answer in L each hold a part of the connections that goes with
// weight/L: there latency*active/weight is equal.
func TestEWMALevels(t *testing.T) {
	latencies, weights := []time.Duration{10 * ms, 20 * ms, 40 * ms}, []int{1, 1, 2}
	list := crowd(3)
	for i, d := range list {
		d.Edited(weights[i], 0, 0)
		d.Observe(latencies[i], 0)
	}
	s, _ := New("ewma", Env{})
	s.Update(list, Change{})
	for range 400 {
		s.Pick(Request{}).Bind(true)
	}
	for i, want := range []int{200, 100, 100} {
		if got := list[i].Active(); got < want-1 || got > want+1 {
			t.Errorf("server %d has %d connections, want %d", i, got, want)
		}
	}
}

// With no time going by, nobody is ahead of another by more than one flow:
// Graham's bound for jobs that go to whoever has least.
func TestLeastBandwidthLevels(t *testing.T) {
	const largest = 1 << 20
	r, list := rand.New(rand.NewPCG(6, 6)), crowd(60)
	s, _ := New("lb", Env{})
	s.Update(list, Change{})
	for range 20_000 {
		s.Pick(Request{}).Carried(1+r.IntN(largest), 0)
	}
	least, most := math.Inf(1), 0.0
	for _, d := range list {
		per := d.bytes.value / float64(d.Weight)
		least, most = min(least, per), max(most, per)
	}
	if most-least > largest*1.001 { // weights are 1 at least
		t.Errorf("bytes for each weight are from %.0f to %.0f", least, most)
	}
}
