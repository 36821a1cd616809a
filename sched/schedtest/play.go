// SPDX-License-Identifier: Apache-2.0

package schedtest

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ulvs/ulvs/sched"
)

// Fuzz feeds the scheduler any order of changes and requests.
func Fuzz(f *testing.F, name string) {
	f.Add(script(1, 100))
	f.Fuzz(func(t *testing.T, steps []byte) { Play(t, name, steps) })
}

// script is a random sequence of steps.
func script(seed uint64, n int) []byte {
	r, b := rand.New(rand.NewPCG(seed, 0)), make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// Play makes a service live through the steps, one a byte, and fails where a
// pick is none that the kernel could make. It returns which server each pick
// gave, as its number of Servers, -1 for none.
func Play(t testing.TB, name string, steps []byte) []int {
	t.Helper()
	p := player{t: t, name: name, sched: New(t, name), all: Servers(8)}
	p.sched.Update(nil, sched.Change{})
	for i, b := range steps {
		p.step(i, b)
	}
	return p.picks
}

// A player is a service whose administrator and clients do anything.
type player struct {
	t     testing.TB
	name  string
	sched sched.Scheduler
	all   []*sched.Server
	list  []*sched.Server // those in the service, newest first
	bound []*sched.Server // one entry for each open connection
	picks []int
}

// step reads what to do in the low bits of b, and to whom in the high ones.
func (p *player) step(i int, b byte) {
	s := p.all[b>>5]
	at := slices.Index(p.list, s)
	switch what := b & 31; {
	case what < 2 && at < 0:
		p.list = append([]*sched.Server{s}, p.list...)
		p.sched.Update(p.list, sched.Change{Kind: sched.Add, Server: s})
	case what < 3 && at >= 0:
		p.list = slices.Delete(slices.Clone(p.list), at, at+1)
		p.sched.Update(p.list, sched.Change{Kind: sched.Del, Server: s})
	case what < 6 && at >= 0:
		s.Edited((i+int(what))%6, int(what-3)*3, 0)
		p.sched.Update(p.list, sched.Change{Kind: sched.Edit, Server: s})
	case what < 9 && len(p.bound) > 0:
		p.bound[0].Unbind(true)
		p.bound = p.bound[1:]
	default:
		p.pick(i)
	}
}

func (p *player) pick(i int) {
	r := Request(i % 16)
	r.Now, r.Flags = time.Duration(i)*time.Minute, sched.Flags(i>>4)
	s := p.sched.Pick(r)
	p.picks = append(p.picks, slices.Index(p.all, s))
	switch {
	case s == nil:
		return
	case !slices.Contains(p.list, s):
		p.t.Fatalf("step %d: %v is not in the service, and was picked", i, s.Addr)
	case s.Weight == 0 || s.Overloaded() && !keepers[p.name]:
		p.t.Fatalf("step %d: %v has weight %d, overloaded %v, and was picked", i, s.Addr, s.Weight, s.Overloaded())
	}
	s.Bind(true)
	p.bound = append(p.bound, s)
}
