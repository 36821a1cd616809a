// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// A twin decides as a scheduler is defined: it looks at every server, and asks
// for nothing but the list.
type twin func(list []*Server) *Server

// twins are those of the schedulers that have an index.
var twins = map[string]func() (twin, func([]*Server, Change)){
	"lc":           byCost(func(d *Server) (int, int) { return d.Active()*256 + d.Inactive(), 1 }),
	"wlc":          byCost(func(d *Server) (int, int) { return d.Active()*256 + d.Inactive(), d.Weight }),
	"sed":          byCost(func(d *Server) (int, int) { return d.Active() + 1, d.Weight }),
	"sed-textbook": byCost(func(d *Server) (int, int) { return d.Active() + 1 + d.Inactive(), d.Weight }),
	"fo":           byCost(func(d *Server) (int, int) { return 1, d.Weight }),
	"nq":           forget(walkNQ),
	"ovf":          forget(walkOVF),
	"nq-textbook":  walkNQTextbook,
	"ewma":         forget(walkNQ), // as long as nobody measures
	"lb":           byCost(func(d *Server) (int, int) { return d.Active()*256 + d.Inactive(), d.Weight }),
	"wrr":          walkWRR,
}

func ignore([]*Server, Change) {}

func forget(t twin) func() (twin, func([]*Server, Change)) {
	return func() (twin, func([]*Server, Change)) { return t, ignore }
}

func byCost(c func(*Server) (load, weight int)) func() (twin, func([]*Server, Change)) {
	return forget(func(list []*Server) *Server { return cheapest(list, c) })
}

func cheapest(list []*Server, c func(*Server) (load, weight int)) (best *Server) {
	for _, d := range list {
		if d.Weight == 0 || d.Overloaded() {
			continue
		}
		if best != nil {
			l, w := c(d)
			if bl, bw := c(best); bl*w <= l*bw {
				continue
			}
		}
		best = d
	}
	return best
}

func walkNQ(list []*Server) *Server {
	for _, d := range list {
		if d.Weight > 0 && !d.Overloaded() && d.Active() == 0 {
			return d
		}
	}
	return cheapest(list, func(d *Server) (int, int) { return d.Active() + 1, d.Weight })
}

func walkOVF(list []*Server) (best *Server) {
	for _, d := range list {
		if !d.Overloaded() && d.Active() <= d.Weight && d.Weight > 0 && (best == nil || d.Weight > best.Weight) {
			best = d
		}
	}
	return best
}

func walkNQTextbook() (twin, func([]*Server, Change)) {
	served := map[*Server]bool{}
	pick := func(list []*Server) *Server {
		for _, d := range list {
			if !served[d] && d.Weight > 0 && !d.Overloaded() {
				served[d] = true
				return d
			}
		}
		return cheapest(list, func(d *Server) (int, int) { return d.Active() + 1 + d.Inactive(), d.Weight })
	}
	return pick, func(_ []*Server, c Change) {
		if c.Kind == Init {
			clear(served)
		}
		if c.Kind != Edit {
			delete(served, c.Server)
		}
	}
}

func walkWRR() (twin, func([]*Server, Change)) {
	w := &walkedWRR{wrr{at: head}}
	return func([]*Server) *Server { return w.pick() }, w.rewind
}

// rewind is wrr's Update by its definition.
func (s *walkedWRR) rewind(list []*Server, c Change) {
	s.servers, s.at, s.gcd, s.top = list, head, 0, 0
	for _, d := range list {
		s.gcd, s.top = gcd(s.gcd, d.Weight), max(s.top, d.Weight)
	}
	s.gcd = max(s.gcd, 1)
	s.top = max(s.top-s.gcd+1, 0)
	if c.Kind == Init || s.bar > s.top || s.bar == 0 {
		s.bar = s.top
	} else if s.gcd > 1 {
		s.bar = s.bar/s.gcd*s.gcd + 1
	}
}

// A life is a service to which anything happens. The scheduler and its twin
// are told the same, and share the servers.
type life struct {
	t      *testing.T
	name   string
	sched  Scheduler
	pick   twin
	update func([]*Server, Change)
	list   []*Server
	left   []*Server // in the trash: they may come back
}

func newLife(t *testing.T, name string, servers int) *life {
	l := &life{t: t, name: name}
	l.pick, l.update = twins[name]()
	l.sched = l.another()
	for i := range servers {
		l.list = append(l.list, &Server{})
		l.list[i].Added(weightOf(i*7), 0, 0)
	}
	l.tell(Change{})
	return l
}

func (l *life) another() Scheduler {
	s, err := New(l.name, Env{})
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}

func weightOf(n int) int { return []int{1, 2, 3, 1, 0, 4, 6, 1, 9, 100, 12, 1000}[n%12] }

func (l *life) tell(c Change) {
	l.list = slices.Clone(l.list) // the slice that they have holds still
	l.sched.Update(l.list, c)
	l.update(l.list, c)
}

// steps are lived through, two bytes each: what happens, and to whom.
func (l *life) steps(b []byte) {
	for i := 0; i+1 < len(b); i += 2 {
		what, n := b[i], int(b[i+1])
		if len(l.list) == 0 {
			what = 0
		}
		l.step(what, n)
	}
}

func (l *life) step(what byte, n int) {
	d, last := (*Server)(nil), len(l.list)-1
	if last >= 0 {
		d = l.list[n%(last+1)]
	}
	switch {
	case what < 12:
		l.add(n)
	case what < 19:
		l.list = slices.DeleteFunc(slices.Clone(l.list), func(x *Server) bool { return x == d })
		l.left = append(l.left, d)
		l.tell(Change{Del, d})
	case what < 24:
		d.Edited(weightOf(n+int(what)), n%4*2, 0)
		l.tell(Change{Edit, d})
	case what < 26 && n < 8:
		l.tell(Change{})
	case what < 27 && n < 8: // another scheduler has the servers for a while
		l.another().Update(l.list, Change{})
	case what < 29 && n < 64:
		l.quiesce(n)
	case what < 70:
		d.Bind(n&64 == 0)
	case what < 100:
		l.unbind(d)
	case what < 110:
		l.unbind(l.left[:min(len(l.left), 1)]...)
	case d.Active() > 0 && what < 130:
		d.Deactivate()
	case d.Inactive() > 0 && what < 150:
		d.Activate()
	default:
		l.compare(n%8 > 0)
	}
}

func (l *life) add(n int) {
	d := &Server{}
	if n%3 == 0 && len(l.left) > 0 {
		d, l.left = l.left[0], l.left[1:]
	}
	d.Added(weightOf(n), n%5*2, 0)
	l.list = append([]*Server{d}, l.list...)
	l.tell(Change{Add, d})
}

// quiesce leaves nobody with a weight but one.
func (l *life) quiesce(n int) {
	for i, d := range l.list {
		if i != n%len(l.list) {
			d.Edited(0, 0, 0)
			l.tell(Change{Edit, d})
		}
	}
}

func (l *life) unbind(of ...*Server) {
	for _, d := range of {
		switch {
		case d.Active() > 0:
			d.Unbind(true)
		case d.Inactive() > 0:
			d.Unbind(false)
		}
	}
}

// compare asks both; a connection that found no room is not counted.
func (l *life) compare(bind bool) {
	fast, slow := l.sched.Pick(Request{}), l.pick(l.list)
	if fast != slow {
		l.t.Fatalf("%s of %d servers: picked place %d, walking %d", l.name, len(l.list), slices.Index(l.list, fast), slices.Index(l.list, slow))
	}
	if fast != nil && bind {
		fast.Bind(true)
	}
}

func TestAgainstTwin(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(twins)) {
		r := rand.New(rand.NewPCG(9, 1))
		b := make([]byte, 4000)
		for _, servers := range []int{0, few - 1, few, few + 1, 100} {
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			newLife(t, name, servers).steps(b)
		}
	}
}

func FuzzAgainstTwin(f *testing.F) {
	names := slices.Sorted(maps.Keys(twins))
	for i := range names {
		f.Add(uint8(i), uint8(few+i), []byte("\x00\x00\x10\x01\xff\x00\xff\x00"))
	}
	f.Fuzz(func(t *testing.T, which, servers uint8, steps []byte) {
		newLife(t, names[int(which)%len(names)], int(servers)).steps(steps)
	})
}

// Neither a pick nor the changes around it take memory, also with an index.
func TestIndexDoesNotAllocate(t *testing.T) {
	for _, name := range Names() {
		list := crowd(300)
		s, _ := New(name, Env{})
		s.Update(list, Change{})
		turns := newTraffic(s.Pick, 500)
		if n := testing.AllocsPerRun(2000, turns.turn); n != 0 {
			t.Errorf("%s: %v allocations a connection", name, n)
		}
	}
}

// A server that left tells nobody of its connections any more.
func TestLeaverIsLetGo(t *testing.T) {
	list := crowd(100)
	s, _ := New("wlc", Env{})
	s.Update(list, Change{})
	s.Update(list[1:], Change{Del, list[0]})
	s.Update(list[1:few], Change{}) // few: nobody is listened to
	for _, d := range list {
		if d.lineup != nil && d.lineup.present != 0 {
			t.Fatalf("%v still has a lineup", d.Addr)
		}
	}
}
