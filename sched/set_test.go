// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// addressed are n servers of different addresses and weight 1.
func addressed(n int) []*Server {
	list := make([]*Server, n)
	for i := range list {
		list[i] = &Server{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(i)}), 80)}
		list[i].Added(1, 0, 0)
	}
	return list
}

// A slowSet is a set by its definition: a list, the last that joined first.
type slowSet struct {
	list    []*Server
	changed time.Duration
}

func (g *slowSet) join(d *Server, now time.Duration) {
	if !slices.Contains(g.list, d) {
		g.list, g.changed = append([]*Server{d}, g.list...), now
	}
}

// least divides; loads and weights are small here, so that no two fractions
// differ by less than a float can tell.
func (g *slowSet) least() (best *Server) {
	for _, d := range g.list {
		if d.Weight > 0 && (best == nil || load(d) < load(best)) {
			best = d
		}
	}
	return best
}

func (g *slowSet) shrink(now time.Duration) {
	most := -1
	for i, d := range g.list {
		if d.Weight > 0 && (most < 0 || load(d) > load(g.list[most])) {
			most = i
		}
	}
	if most >= 0 {
		g.list, g.changed = slices.Delete(g.list, most, most+1), now
	}
}

func load(d *Server) float64 { return float64(d.overhead()) / float64(d.Weight) }

func TestSets(t *testing.T) {
	var ros roster
	all := addressed(8)
	ros.update(all, Change{})
	s := sets{roster: &ros, members: make([]member, 1)}
	r := rand.New(rand.NewPCG(10, 0))
	groups, slow := make([]set, 3), make([]slowSet, 3)
	for i := range 20000 {
		g, now, d := r.IntN(len(groups)), time.Duration(i), all[r.IntN(len(all))]
		switch r.IntN(10) {
		case 0, 1, 2, 3, 4:
			s.join(&groups[g], d, now)
			slow[g].join(d, now)
		case 5, 6:
			s.shrink(&groups[g], now)
			slow[g].shrink(now)
		case 7:
			s.dissolve(groups[g])
			groups[g], slow[g] = set{}, slowSet{}
		default:
			d.Edited(r.IntN(4), 0, 0)
			d.active.Store(int64(r.IntN(5)))
		}
		if got, want := s.least(&groups[g]), slow[g].least(); got != want {
			t.Fatalf("step %d: least is %v, want %v", i, got, want)
		}
		if groups[g].size != len(slow[g].list) || groups[g].changed != slow[g].changed {
			t.Fatalf("step %d: %+v, want %d members, changed at %v", i, groups[g], len(slow[g].list), slow[g].changed)
		}
	}
	if len(s.members) > 1+3*8 {
		t.Errorf("room for %d members: those who left are not used again", len(s.members))
	}
}

// A number is a server's as long as anything holds it; then it is another's.
func TestRoster(t *testing.T) {
	var ros roster
	all := addressed(3)
	ros.update(all[:2], Change{})
	n := ros.hold(all[0])
	ros.update(all[1:2], Change{Del, all[0]})
	if ros.seats[n].listed {
		t.Error("who left is in the service")
	}
	back := addressed(1)[0] // another value, as after the trash was emptied
	ros.update([]*Server{back, all[1]}, Change{Add, back})
	if s := ros.seats[n]; !s.listed || s.server != back {
		t.Error("who is back is not the same one")
	}
	ros.release(n)
	ros.update(all[1:2], Change{Del, back})
	ros.update(all[1:], Change{Add, all[2]})
	if ros.hold(all[2]) != n || len(ros.seats) != 2 {
		t.Error("the number is lost")
	}
}

// For a year servers come and go, and clients ask; no table grows with that.
func TestRosterForgets(t *testing.T) {
	s := &lblcr{settings: &Settings{time.Hour, time.Hour}}
	s.Update(nil, Change{})
	for i := range 365 * 24 {
		d := &Server{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), 80)}
		d.Added(1, 0, 0)
		s.Update([]*Server{d}, Change{Add, d})
		r := Request{Now: time.Duration(i) * time.Hour}
		r.Flow.Dst.Addr = destination(i)
		if s.Pick(r) != d {
			t.Fatalf("hour %d: the only server is not picked", i)
		}
		s.Update(nil, Change{Del, d})
	}
	if len(s.roster.seats) > 4 || len(s.cache.entries) > 4 || len(s.sets.members) > 4 {
		t.Errorf("%d numbers, %d entries, %d members", len(s.roster.seats), len(s.cache.entries), len(s.sets.members))
	}
}
