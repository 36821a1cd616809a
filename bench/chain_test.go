// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"math"
	"testing"

	"github.com/ulvs/ulvs/sched"
)

// A chain is an exact solution for two servers and a scheduler that goes by
// counts alone: in the state (i, j) there are i jobs at the first and j at the
// second. It asks the scheduler itself where the next one goes.
//
// States with the same i are a level. A level is left to its neighbours only,
// so the shares of time p that levels have are p[i+1] = p[i]*R[i+1], with
//
//	R[i] = -up[i-1] * (within[i] + R[i+1]*down)^-1      from the last to the first
type chain struct {
	first  [queue + 1][queue + 1]bool // the next one goes to the first server
	rate   float64                    // of arrivals
	speeds [2]float64
}

// queue is how many jobs at a server the chain knows. At loads of up to 0.7 more
// are so rare that they do not count.
const queue = 60

type matrix [queue + 1][queue + 1]float64

// solve is how long jobs stay, and the part of them that goes to the first
// server.
func (c *chain) solve() (stay, share float64) {
	var r [queue + 2]matrix
	for i := queue; i > 0; i-- {
		m := c.within(i)
		for a := range m {
			for b := range m {
				m[a][b] += r[i+1][a][b] * c.speeds[0] // down, by the first server's end of a job
			}
		}
		inverse := invert(m)
		for a := range m {
			if c.first[i-1][a] {
				for b := range m {
					r[i][a][b] = -c.rate * inverse[a][b]
				}
			}
		}
	}
	p := c.bottom(&r[1])
	inside, total, toFirst := 0.0, 0.0, 0.0
	for i := range queue + 1 {
		for j, q := range p {
			total += q
			inside += q * float64(i+j)
			if c.first[i][j] {
				toFirst += q
			}
		}
		p = times(p, &r[i+1])
	}
	return inside / total / c.rate, toFirst / total
}

// within are the rates inside a level: the second server's jobs come and go.
func (c *chain) within(i int) (m matrix) {
	for j := range m {
		if j > 0 {
			m[j][j-1] += c.speeds[1]
			m[j][j] -= c.speeds[1]
		}
		switch {
		case c.first[i][j]:
			if i < queue {
				m[j][j] -= c.rate
			}
		case j < queue:
			m[j][j+1] += c.rate
			m[j][j] -= c.rate
		}
		if i > 0 {
			m[j][j] -= c.speeds[0]
		}
	}
	return m
}

// bottom is the shares of the level 0, up to a factor: those that are left by
// as much as they are entered.
func (c *chain) bottom(r *matrix) (p [queue + 1]float64) {
	m := c.within(0)
	for a := range m {
		for b := range m {
			m[a][b] += r[a][b] * c.speeds[0]
		}
		m[a][0] = 1 // one equation is the others' sum: let it say that they are all
	}
	inverse := invert(m)
	return inverse[0]
}

func times(p [queue + 1]float64, m *matrix) (q [queue + 1]float64) {
	for a := range p {
		for b := range q {
			q[b] += p[a] * m[a][b]
		}
	}
	return q
}

// invert is Gauss's elimination, with the largest pivot.
func invert(m matrix) (inverse matrix) {
	for k := range inverse {
		inverse[k][k] = 1
	}
	for k := range m {
		top := k
		for a := k; a < len(m); a++ {
			if math.Abs(m[a][k]) > math.Abs(m[top][k]) {
				top = a
			}
		}
		m[k], m[top], inverse[k], inverse[top] = m[top], m[k], inverse[top], inverse[k]
		pivot := m[k][k]
		for b := range m {
			m[k][b] /= pivot
			inverse[k][b] /= pivot
		}
		for a := range m {
			if f := m[a][k]; a != k && f != 0 {
				for b := range m {
					m[a][b] -= f * m[k][b]
					inverse[a][b] -= f * inverse[k][b]
				}
			}
		}
	}
	return inverse
}

// ask fills a chain with a scheduler's choices. The servers' weights are their
// speeds; the fast one was added later, so it stands first in the list.
func ask(t *testing.T, scheduler string, fast, slow int, load float64) *chain {
	t.Helper()
	s, err := sched.New(scheduler, sched.Env{})
	if err != nil {
		t.Fatal(err)
	}
	a, b := new(sched.Server), new(sched.Server)
	a.Added(fast, 0, 0)
	b.Added(slow, 0, 0)
	s.Update([]*sched.Server{a, b}, sched.Change{})
	c := &chain{rate: load * float64(fast+slow), speeds: [2]float64{float64(fast), float64(slow)}}
	for i := range queue + 1 {
		for j := range queue + 1 {
			c.first[i][j] = s.Pick(sched.Request{}) == a
			b.Bind(true)
		}
		for range queue + 1 {
			b.Unbind(true)
		}
		a.Bind(true)
	}
	return c
}

// The table was computed with another program, with queues of 100, and where
// loads are equal the fast server has the job.
func TestChain(t *testing.T) {
	_, _, near, nearer := effort()
	for _, v := range []struct {
		name       string
		fast, slow int
		load       float64
		stay       float64
	}{
		{"lc", 1, 1, 0.5, 1.4263},
		{"lc", 1, 1, 0.7, 2.1082},
		{"lc", 2, 1, 0.3, 0.7041},
		{"wlc", 2, 1, 0.3, 0.6978},
		{"sed", 2, 1, 0.3, 0.7332},
		{"nq", 2, 1, 0.3, 0.6988},
		{"lc", 2, 1, 0.5, 0.9208},
		{"wlc", 2, 1, 0.5, 0.9042},
		{"sed", 2, 1, 0.5, 0.9605},
		{"nq", 2, 1, 0.5, 0.9111},
		{"wlc", 3, 1, 0.3, 0.5242},
		{"sed", 3, 1, 0.3, 0.5172},
		{"lc", 10, 1, 0.5, 0.3865},
		{"wlc", 10, 1, 0.7, 0.3904},
		{"sed", 10, 1, 0.5, 0.2212},
		{"nq", 10, 1, 0.7, 0.3910},
	} {
		t.Run(fmt.Sprintf("%s %d:%d@%v", v.name, v.fast, v.slow, v.load), func(t *testing.T) {
			t.Parallel()
			stay, share := ask(t, v.name, v.fast, v.slow, v.load).solve()
			if math.Abs(stay/v.stay-1) > 0.002 {
				t.Errorf("exactly, jobs stay %.4f, and the table has %.4f", stay, v.stay)
			}
			fleet := Fleet(2)
			fleet[0].Weight, fleet[0].Speed = v.slow, float64(v.slow)
			fleet[1].Weight, fleet[1].Speed = v.fast, float64(v.fast)
			s := Scenario{Arrivals: Poisson{v.load * float64(v.fast+v.slow)}, Work: Exponential(1), Machines: fleet}
			near := near
			if v.load > 0.8 {
				near = nearer
			}
			if got := mean(t, s, v.name, (*Result).Stay); math.Abs(got/stay-1) > near {
				t.Errorf("played, jobs stay %.4f, exactly %.4f", got, stay)
			}
			if got := mean(t, s, v.name, func(r *Result) float64 { return r.Share(1) }); math.Abs(got/share-1) > near {
				t.Errorf("played, the fast one has %.4f of the jobs, exactly %.4f", got, share)
			}
		})
	}
}
