// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"math"
	"net/netip"
	"slices"
	"testing"
)

const clients = 20_000

// homes is where each client goes.
func homes(s Scheduler) []*Server {
	all := make([]*Server, clients)
	for i := range all {
		all[i] = s.Pick(from(uint32(i)))
	}
	return all
}

func newHRW(list []*Server) Scheduler {
	s, _ := New("hrw", Env{})
	s.Update(list, Change{})
	return s
}

// The definition: weight / -ln(h), the largest.
func TestRendezvousAgainstFormula(t *testing.T) {
	list := crowd(200)
	s := newHRW(list)
	for i := range uint32(300) {
		r := from(i)
		d := s.Pick(r)
		score := func(d *Server) float64 { return float64(d.Weight) / -math.Log(chance(identity(&r), name(d))) }
		if best := slices.MaxFunc(list, func(a, b *Server) int { return int(math.Copysign(1, score(a)-score(b))) }); best != d {
			t.Fatalf("client %d went to %v, whose score is %v; %v has %v", i, d.Addr, score(d), best.Addr, score(best))
		}
	}
}

func TestRendezvousMovesNobodyElse(t *testing.T) {
	list := crowd(10) // weights 1 to 10
	s := newHRW(list)
	before := homes(s)
	gone := list[6]
	s.Update(slices.Concat(list[:6], list[7:]), Change{Del, gone})
	after := homes(s)
	for i := range before {
		if before[i] != gone && before[i] != after[i] {
			t.Fatalf("client %d moved, and its server had not left", i)
		}
	}
	moved := map[*Server]int{}
	for i := range before {
		if before[i] == gone {
			moved[after[i]]++
		}
	}
	if far := uneven(slices.Concat(list[:6], list[7:]), moved); far > 5 {
		t.Errorf("those who had to move did not spread by weight: %.1f standard deviations off", far)
	}
}

// Where one weight grows from w to w', the share that moves is all to that
// server: w'/W' - w/W.
func TestRendezvousWeight(t *testing.T) {
	list := crowd(10)
	s := newHRW(list)
	before := homes(s)
	list[2].Edited(13, 0, 0) // from 3; the sum goes from 55 to 65
	s.Update(list, Change{Edit, list[2]})
	moved := 0
	for i, d := range homes(s) {
		if d != before[i] {
			if moved++; d != list[2] {
				t.Fatal("a client moved to a server whose weight is as before")
			}
		}
	}
	p := 13./65 - 3./55
	if far := (float64(moved) - clients*p) / math.Sqrt(clients*p*(1-p)); math.Abs(far) > 4.5 {
		t.Errorf("%d of %d moved, want %.0f", moved, clients, clients*p)
	}
}

func TestRendezvousKnowsPorts(t *testing.T) {
	s, r := newHRW(crowd(100)), from(1)
	r.Flow.Src.Port = 1
	one := s.Pick(r)
	r.Flow.Src.Port = 2
	if s.Pick(r) != one {
		t.Error("the port counts, and no flag says so")
	}
	seen := map[*Server]bool{}
	for r.Flags = Flag2; r.Flow.Src.Port < 50; r.Flow.Src.Port++ {
		seen[s.Pick(r)] = true
	}
	if len(seen) < 20 {
		t.Errorf("48 ports of one client went to %d servers", len(seen))
	}
}

// Servers are told apart by their ports too.
func TestRendezvousOnOneHost(t *testing.T) {
	list := crowd(8)
	for i, d := range list {
		d.Addr = netip.AddrPortFrom(list[0].Addr.Addr(), uint16(8080+i))
	}
	if far := uneven(list, shares(newHRW(list), clients)); far > 5 {
		t.Errorf("χ² is %.1f standard deviations off", far)
	}
}

// No server ever has more than its bound, whoever the clients are.
func TestBoundedLoads(t *testing.T) {
	for _, kinds := range []uint32{1, 5, 1 << 20} {
		list, total, weights := crowd(30), 0, 0
		for _, d := range list {
			weights += d.Weight
		}
		s, _ := New("chbl", Env{})
		s.Update(list, Change{})
		for i := range uint32(5000) {
			d := s.Pick(from(i * 2654435761 % kinds))
			d.Bind(i%2 == 0)
			total++
			if bound := math.Ceil(1.25 * float64(d.Weight*total) / float64(weights)); float64(d.total()) > bound {
				t.Fatalf("%d clients: %d connections with %v of %v, %d in all", kinds, d.total(), d.Weight, weights, total)
			}
		}
	}
}

// With many clients and a hundred connections a server the favourites are
// rarely full: a server would need 2.5 standard deviations more than its share.
func TestBoundedLoadsKeepFavourites(t *testing.T) {
	list := crowd(40)
	for _, d := range list {
		d.Edited(1, 0, 0)
	}
	s, _ := New("chbl", Env{})
	s.Update(list, Change{})
	h := newHRW(list)
	kept := 0
	for i := range uint32(4000) {
		d := s.Pick(from(i))
		if i >= 3600 && d == h.Pick(from(i)) {
			kept++
		}
		d.Bind(true)
	}
	if kept < 400*97/100 {
		t.Errorf("%d of the last 400 went to their favourites", kept)
	}
}
