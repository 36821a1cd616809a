// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// A job is in a queue until its time.
type job struct {
	ends float64
	at   *Server
}

type jobs []job

func (j jobs) Len() int           { return len(j) }
func (j jobs) Less(a, b int) bool { return j[a].ends < j[b].ends }
func (j jobs) Swap(a, b int)      { j[a], j[b] = j[b], j[a] }
func (j *jobs) Push(x any)        { *j = append(*j, x.(job)) }
func (j *jobs) Pop() any {
	last := (*j)[len(*j)-1]
	*j = (*j)[:len(*j)-1]
	return last
}

// stay is the mean time that jobs spend at n servers of speed 1, each of which
// does one after the other: Poisson arrivals, exponential work of mean 1.
func stay(name string, n int, load float64) (mean float64) {
	const count = 100_000
	r := rand.New(rand.NewPCG(uint64(n), 77))
	s, _ := New(name, Env{Rand: rand.New(rand.NewPCG(2, 3))})
	list := make([]*Server, n)
	for i := range list {
		list[i] = &Server{}
		list[i].Added(1, 0, 0)
	}
	s.Update(list, Change{})
	free, open, now := map[*Server]float64{}, jobs{}, 0.0
	for range count {
		now += r.ExpFloat64() / (load * float64(n))
		for len(open) > 0 && open[0].ends <= now {
			heap.Pop(&open).(job).at.Unbind(true)
		}
		d := s.Pick(Request{})
		d.Bind(true)
		free[d] = max(free[d], now) + r.ExpFloat64()
		heap.Push(&open, job{free[d], d})
		mean += (free[d] - now) / count
	}
	return mean
}

// Where nobody measures, lb is wlc and ewma is nq: for these there is a known
// mean. The simulator of package bench, which measures, holds the others.
func TestUnmeasured(t *testing.T) {
	for _, v := range []struct {
		name string
		n    int
		load float64
		want float64
	}{
		{"lb", 4, 0.8, 1.947},   // as wlc: nobody counts bytes
		{"ewma", 4, 0.8, 1.947}, // as nq: nobody measures
	} {
		t.Run(fmt.Sprint(v.name, v.n), func(t *testing.T) {
			t.Parallel()
			if got := stay(v.name, v.n, v.load); math.Abs(got/v.want-1) > 0.05 {
				t.Errorf("%s, %d servers at %v: jobs stay %.3f, want %.3f", v.name, v.n, v.load, got, v.want)
			}
		})
	}
}
