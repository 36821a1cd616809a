// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"flag"
	"fmt"
	"math"
	"testing"
)

// slow is for the race detector, which makes a job cost ten times as much:
// there are fewer then, and theory has to be met less closely.
var slow bool

var proof = flag.Bool("proof", false, "play as many jobs as make exam does: a few minutes")

// seeds and jobs of one comparison, and how near theory it comes; the last is
// for a load of 0.9, where the longest queues decide and there are few of them.
func effort() (seeds uint64, jobs int, near, nearer float64) {
	switch {
	case slow:
		return 1, 100_000, 0.05, 0.15
	case *proof:
		return 4, 2_000_000, 0.02, 0.05
	}
	return 2, 500_000, 0.03, 0.08
}

// mean plays a scenario with several seeds, and is the mean of what f sees.
func mean(t *testing.T, s Scenario, scheduler string, f func(*Result) float64) (m float64) {
	t.Helper()
	seeds, jobs, _, _ := effort()
	s.Jobs, s.Warm = jobs, jobs/10
	for seed := range seeds {
		r, err := Play(&s, scheduler, seed)
		if err != nil {
			t.Fatal(err)
		}
		if r.Jobs+r.Refused != s.Jobs {
			t.Errorf("%d jobs left and %d were refused of %d that came", r.Jobs, r.Refused, s.Jobs)
		}
		if rate := float64(r.Jobs) / r.Time; math.Abs(r.Inside/r.Time/(rate*r.Stay())-1) > 0.01 {
			t.Errorf("seed %d: Little's law: %v jobs inside, and %v a second stay for %v s", seed, r.Inside/r.Time, rate, r.Stay())
		}
		m += f(r) / float64(seeds)
	}
	return m
}

// turns is the mean stay under rr, each of whose servers sees every n-th job of
// a Poisson stream (E_n/M/1): T = 1/(1-s) with s = (n*load/(n*load+1-s))^n.
func turns(n int, load float64) float64 {
	s := 0.5
	for range 10_000 {
		s = math.Pow(float64(n)*load/(float64(n)*load+1-s), float64(n))
	}
	return 1 / (1 - s)
}

// supermarket is Mitzenmacher's mean for two choices of very many servers.
func supermarket(load float64) (mean float64) {
	for i := 1; i < 20; i++ {
		mean += math.Pow(load, math.Exp2(float64(i))-2)
	}
	return mean
}

// What is not a formula here was computed with other programs: exact solutions
// for two servers, long simulations for more.
func TestQueues(t *testing.T) {
	_, _, near, nearer := effort()
	for _, v := range []struct {
		name string
		n    int
		load float64
		want float64
	}{
		{"random", 4, 0.5, 1 / (1 - 0.5)},
		{"random", 100, 0.7, 1 / (1 - 0.7)},
		{"hrw", 4, 0.7, 1 / (1 - 0.7)}, // each job from a client of its own
		{"rr", 2, 0.5, turns(2, 0.5)},
		{"rr", 4, 0.8, turns(4, 0.8)},
		{"rr", 8, 0.7, turns(8, 0.7)},
		{"wrr", 4, 0.8, turns(4, 0.8)},
		{"p2c", 2, 0.5, 1.595},
		{"p2c", 4, 0.8, 2.525},
		{"p2c", 16, 0.8, 2.072},
		{"p2c", 8, 0.9, 3.277},
		{"p2c", 200, 0.7, supermarket(0.7)},
		{"lc", 2, 0.5, 1.4263},
		{"lc", 2, 0.7, 2.1082},
		{"lc", 2, 0.9, 5.4749},
		{"wlc", 8, 0.7, 1.220},
		{"sed", 16, 0.8, 1.202},
		{"nq", 4, 0.8, 1.947},
	} {
		t.Run(fmt.Sprint(v.name, v.n, "@", v.load), func(t *testing.T) {
			t.Parallel()
			s := Scenario{Arrivals: Poisson{v.load * float64(v.n)}, Work: Exponential(1), Machines: Fleet(v.n)}
			got, near := mean(t, s, v.name, (*Result).Stay), near
			if v.load > 0.8 {
				near = nearer
			}
			if math.Abs(got/v.want-1) > near {
				t.Errorf("jobs stay %.4f, want %.4f", got, v.want)
			}
		})
	}
}

// Who draws by weight gives servers that are faster in the same measure the
// same load: T = n/(sum of speeds * (1-load)).
func TestWeightedDraw(t *testing.T) {
	_, _, near, _ := effort()
	fleet := Fleet(2)
	fleet[0].Weight, fleet[0].Speed = 3, 3
	s := Scenario{Arrivals: Poisson{0.7 * 4}, Work: Exponential(1), Machines: fleet}
	if got, want := mean(t, s, "random", (*Result).Stay), 2/(4*(1-0.7)); math.Abs(got/want-1) > near {
		t.Errorf("jobs stay %.4f, want %.4f", got, want)
	}
}

// Where jobs share a server, how long they are does not matter, only how much
// there is (M/G/1-PS): the mean stay is 1/(1-load) with any work. Where they
// wait, it does (Pollaczek and Khinchine): 1 + load*(1+cv2)/(2*(1-load)).
func TestDisciplines(t *testing.T) {
	_, _, near, _ := effort()
	for _, w := range []Work{Fixed(1), Exponential(1), Balanced(4)} {
		t.Run(fmt.Sprintf("%T", w), func(t *testing.T) {
			t.Parallel()
			fleet := Fleet(4)
			s := Scenario{Arrivals: Poisson{4 * 0.6}, Work: w, Machines: fleet}
			if got, want := mean(t, s, "random", (*Result).Stay), 1+0.6*(1+w.CV2())/(2*0.4); math.Abs(got/want-1) > 1.5*near {
				t.Errorf("first come, first served: jobs stay %.4f, want %.4f", got, want)
			}
			for i := range fleet {
				fleet[i].Shares = true
			}
			if got, want := mean(t, s, "random", (*Result).Stay), 1/(1-0.6); math.Abs(got/want-1) > 1.5*near {
				t.Errorf("shared: jobs stay %.4f, want %.4f", got, want)
			}
		})
	}
}

// erlang is the part that is lost where n places meet that much traffic (Erlang
// B), by its recursion over n.
func erlang(n int, traffic float64) float64 {
	b := 1.0
	for k := 1; k <= n; k++ {
		b = traffic * b / (float64(k) + traffic*b)
	}
	return b
}

// With -x u -y u a fleet is a telephone exchange: whatever the scheduler, and
// whatever the work, what is lost is Erlang's.
func TestThresholds(t *testing.T) {
	_, _, near, _ := effort()
	if b := erlang(20, 16); math.Abs(b-0.06441) > 0.00001 {
		t.Fatalf("B(20, 16) = %v, and tables have .06441", b)
	}
	fleet := Fleet(2)
	for i := range fleet {
		fleet[i].Cores, fleet[i].Upper, fleet[i].Lower = 0, 10, 10
	}
	for _, name := range []string{"rr", "wlc", "random", "twos", "p2c", "lc"} {
		for _, w := range []Work{Exponential(1), Fixed(1)} {
			t.Run(fmt.Sprintf("%s %T", name, w), func(t *testing.T) {
				t.Parallel()
				s := Scenario{Arrivals: Poisson{16}, Work: w, Machines: fleet}
				if got, want := mean(t, s, name, (*Result).Loss), erlang(20, 16); math.Abs(got/want-1) > 1.5*near {
					t.Errorf("%.5f are refused, want %.5f", got, want)
				}
			})
		}
	}
}

// che is how often a cache of so many objects, of which the one longest unused
// goes, has what is asked for: an object is there if it was asked for within a
// time in which so many different ones are asked for (Che, 2002).
func che(asked []float64, size int) (hits float64) {
	there := func(p, time float64) float64 { return 1 - math.Exp(-p*time) }
	low, high := 0.0, 1e9
	for range 200 {
		n, mid := 0.0, (low+high)/2
		for _, p := range asked {
			n += there(p, mid)
		}
		if n < float64(size) {
			low = mid
		} else {
			high = mid
		}
	}
	for _, p := range asked {
		hits += p * there(p, low)
	}
	return hits
}

// Servers that remember what they were asked for: with rr each sees everything,
// so all remember the same. What lblc, chbl and their like are for is between
// that and four times the memory.
func TestCaches(t *testing.T) {
	objects := Crowd{10_000, 0.8}
	const size = 500
	one, four := che(objects.shares(), size), che(objects.shares(), 4*size)
	if math.Abs(one-0.3312) > 0.0002 {
		t.Fatalf("Che's hits are %.4f, and an independent computation has .3312", one)
	}
	fleet := Fleet(4)
	for i := range fleet {
		fleet[i].Cores, fleet[i].Cache = 0, size
	}
	s := Scenario{Arrivals: Poisson{8}, Work: Exponential(1), Machines: fleet, Objects: objects}
	for _, v := range []struct {
		name      string
		low, high float64
	}{
		{"rr", one - 0.005, one + 0.005},
		{"random", one - 0.005, one + 0.005},
		{"dh", four - 0.02, four + 0.005}, // its load is uneven, and so is its memory's
		{"lblc", (one + four) / 2, four + 0.005},
	} {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			if got := mean(t, s, v.name, (*Result).HitRatio); got < v.low || got > v.high {
				t.Errorf("%.4f are hits, want %.4f to %.4f", got, v.low, v.high)
			}
		})
	}
}

// One seed, one result: to the last bit.
func TestRepeats(t *testing.T) {
	s := Scenario{Arrivals: Poisson{3}, Work: Balanced(4), Machines: Fleet(4), Jobs: 10_000, Linger: 2}
	for _, name := range []string{"twos", "p2c", "ewma", "lb", "wlc"} {
		a, _ := Play(&s, name, 7)
		b, _ := Play(&s, name, 7)
		c, _ := Play(&s, name, 8)
		if fmt.Sprint(*a) != fmt.Sprint(*b) || fmt.Sprint(*a) == fmt.Sprint(*c) {
			t.Errorf("%s: %v, again %v, with another seed %v", name, a, b, c)
		}
	}
}

func TestUnknown(t *testing.T) {
	if _, err := Play(&Scenario{}, "nobody", 1); err == nil {
		t.Error("a scheduler of no name was played")
	}
}

// Four million jobs a second is the aim.
func BenchmarkRR4(b *testing.B) {
	s := Scenario{Arrivals: Poisson{3.2}, Work: Exponential(1), Machines: Fleet(4), Jobs: b.N}
	if _, err := Play(&s, "rr", 1); err != nil {
		b.Fatal(err)
	}
}
