// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("wrr", func(Env) Scheduler { return &wrr{at: head} }) }

// wrr, weighted round robin: passes over the list, each for the servers whose
// weight reaches a bar. The bar sinks from pass to pass, and begins anew at the
// top. Weights 4 (A) and 2 (B), with gcd 2, give the bars 3 and 1:
//
//	list     B A      bar 3:  A       bar 1:  B A      and again
//	weight   2 4
//
// The bar does not begin at the top if servers come one by one: it stays where
// it was, unless that is now too high. And any change, even an edit that
// changes nothing, moves the hand before the list.
//
// Source: the kernel's ip_vs_wrr.c (since 3.10); Zhang, "Linux Virtual Server
// for Scalable Network Services", 2000.
type wrr struct {
	pool
	at  int // the hand: the last one picked, as a place in the list, or head
	bar int // the weight that a server must reach in this pass
	top int // the first bar of a cycle: the largest weight - (gcd - 1); 0: nobody has weight
	gcd int // of all weights; how far the bar sinks after a pass
}

// Update implements Scheduler.
func (s *wrr) Update(servers []*Server, change Change) {
	s.servers, s.at = servers, head
	s.measure()
	switch {
	case change.Kind == Init || s.bar > s.top || s.bar == 0:
		s.bar = s.top
	case s.gcd > 1:
		s.bar = s.bar/s.gcd*s.gcd + 1
	}
}

// measure finds gcd and top.
func (s *wrr) measure() {
	s.gcd, s.top = 0, 0
	for _, d := range s.servers {
		s.gcd = gcd(s.gcd, d.Weight)
		s.top = max(s.top, d.Weight)
	}
	s.gcd = max(s.gcd, 1)
	s.top = max(s.top-(s.gcd-1), 0)
}

// Pick implements Scheduler. Where nobody is eligible, it has tried every bar
// on every server once, and hand and bar stay where that ended.
func (s *wrr) Pick(Request) *Server {
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

// pass walks from behind the hand to the end of the list. It is done where a
// server reaches the bar, and, with none, at the place where to stop.
func (s *wrr) pass(stop int) (d *Server, done bool) {
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

// gcd is the greatest common divisor; of zero and b it is b.
func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
