// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A walkedWRR decides by the definition: it walks every pass.
type walkedWRR struct{ wrr }

func (s *walkedWRR) pick() *Server {
	if s.top == 0 {
		return nil
	}
	const nowhere = -2
	start, stop := s.at, nowhere
	final, again := false, false // the bar cannot sink further; it began anew
	for {
		if d, done := s.pass(stop); done {
			return d
		}
		s.at = head
		if s.bar -= s.gcd; s.bar <= 0 {
			s.bar = s.top
			if final || start == head {
				return nil
			}
			again = true
		}
		if final = s.bar <= s.gcd; final && again && start != head {
			stop = start
		}
	}
}

// pass is done where a server reaches the bar and, with none, at the place
// where to stop.
func (s *walkedWRR) pass(stop int) (d *Server, done bool) {
	for s.at++; s.at < len(s.servers); s.at++ {
		d := s.servers[s.at]
		if d.Weight >= s.bar && !d.Overloaded() {
			return d, true
		}
		if s.at == stop {
			return nil, true
		}
	}
	return nil, false
}

// wrrs live through the same, one byte a step, and must agree in every pick,
// hand and bar.
func wrrs(t *testing.T, steps []byte) {
	fast, slow := &wrr{at: head}, &walkedWRR{wrr{at: head}}
	var list []*Server
	for i, b := range steps {
		n := int(b >> 4)
		switch b & 15 {
		case 0, 1:
			list = append([]*Server{{}}, list...)
			list[0].Edited([]int{0, 1, 2, 3, 4, 6, 9, 12, 30, 100, 255, 7, 1000, 5, 1024, 511}[n], 0, 0)
		case 2:
			list = slices.Delete(slices.Clone(list), n%max(len(list), 1), min(n%max(len(list), 1)+1, len(list)))
		case 3, 4:
			if len(list) > 0 {
				list[n%len(list)].Edited(i%12*(1+i%3), 0, 0)
			}
		case 5, 6, 7, 8:
			if len(list) > 0 {
				d := list[n%len(list)]
				d.overloaded.Store(!d.Overloaded())
			}
			continue
		default:
			a, b := fast.Pick(Request{}), slow.pick()
			if a != b || fast.at != slow.at || fast.bar != slow.bar {
				t.Fatalf("step %d: %p, hand %d, bar %d; walked: %p, %d, %d", i, a, fast.at, fast.bar, b, slow.at, slow.bar)
			}
			continue
		}
		kind := Edit
		if n == 15 {
			kind = Init
		}
		fast.Update(list, Change{Kind: kind})
		slow.Update(list, Change{Kind: kind})
	}
}

func TestWRRAgainstWalk(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 0))
	steps := make([]byte, 200)
	for range 500 {
		for i := range steps {
			steps[i] = byte(r.Uint32())
		}
		wrrs(t, steps)
	}
}

func FuzzWRRAgainstWalk(f *testing.F) {
	f.Add([]byte("\x30\x10\x50\x0a\x0a\x15\x25\x0a\x0a"))
	f.Fuzz(wrrs)
}

// Walking, one of these picks looks at each of 1,000 servers 65,535 times.
func TestWRRDoesNotStall(t *testing.T) {
	list := make([]*Server, 1000)
	for i := range list {
		list[i] = &Server{}
		list[i].Edited(65535-i%2, 0, 0)
		list[i].overloaded.Store(true)
	}
	s := &wrr{at: head}
	s.Update(list, Change{})
	begin := time.Now()
	for range 100 {
		if s.Pick(Request{}) != nil {
			t.Fatal("all are overloaded")
		}
	}
	list[500].overloaded.Store(false)
	list[500].Edited(1, 0, 0)
	s.Update(list, Change{Kind: Edit})
	for range 100 {
		if s.Pick(Request{}) != list[500] {
			t.Fatal("only one can take it")
		}
	}
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("200 picks took %v", took)
	}
}
