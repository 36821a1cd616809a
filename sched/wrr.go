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
	weights weights // of many servers; of few nobody is in it
	at      int     // the hand: the last one picked, counted from the head on, or head
	bar     int     // the weight that a server must reach in this pass
	top     int     // the first bar of a cycle: the largest weight - (gcd - 1); 0: nobody has weight
	gcd     int     // of all weights; how far the bar sinks after a pass
}

// Update implements Scheduler.
func (s *wrr) Update(servers []*Server, change Change) {
	s.servers, s.at = servers, head
	if len(servers) < few {
		s.weights.dismiss()
	} else {
		s.weights.follow(servers, change)
	}
	s.measure()
	switch {
	case change.Kind == Init || s.bar > s.top || s.bar == 0:
		s.bar = s.top
	case s.gcd > 1:
		s.bar = s.bar/s.gcd*s.gcd + 1
	}
}

// all is the sum of all servers.
func (s *wrr) all() (sum node) {
	if s.many() {
		return s.weights.all()
	}
	for _, d := range s.servers {
		sum = sum.with(nodeOf(d))
	}
	return sum
}

// many reports whether the servers are looked up, and not looked at.
func (s *wrr) many() bool { return len(s.servers) >= few }

// measure finds gcd and top.
func (s *wrr) measure() {
	all := s.all()
	s.gcd = max(all.gcd, 1)
	s.top = max(all.top-(s.gcd-1), 0)
}

// Pick implements Scheduler. By its definition it sinks the bar step by step,
// and looks at the whole list for each; but bars that nobody eligible reaches
// are passed over here, so that it walks three times at most.
//
// Where nobody is eligible, it has tried every bar on every server once: hand
// and bar stay where that ended.
func (s *wrr) Pick(Request) *Server {
	if s.top == 0 {
		return nil
	}
	start, last := s.at, s.last()
	if d := s.walk(last); d != nil {
		return d
	}
	best, lowest := s.all().ready, s.bar <= s.gcd
	if !lowest { // on to the end of this cycle
		s.at, s.bar = head, s.bar-s.gcd
		s.lower(best)
		if d := s.walk(last); d != nil {
			return d
		}
	}
	s.at, s.bar = head, s.top
	if !lowest || start == head {
		return nil // all have met the lowest bar
	}
	if s.lower(best); s.bar <= s.gcd {
		last = start // those behind it have met this bar
	}
	return s.walk(last)
}

// lower sets the bar where it is when it first is not above the weight, or to
// the lowest.
func (s *wrr) lower(weight int) {
	if s.bar > weight {
		steps := (s.bar - weight + s.gcd - 1) / s.gcd
		s.bar -= min(steps, (s.bar-1)/s.gcd) * s.gcd
	}
}

// last is the last place of the list, counted from the head on.
func (s *wrr) last() int {
	if s.many() {
		return len(s.weights.servers) - 1
	}
	return len(s.servers) - 1
}

// walk moves the hand to the next server that reaches the bar. If there is
// none up to the end, the hand stays there.
func (s *wrr) walk(end int) *Server {
	if s.many() {
		return s.jump(end)
	}
	for s.at < end {
		s.at++
		if d := s.servers[s.at]; d.Weight >= s.bar && !d.Overloaded() {
			return d
		}
	}
	return nil
}

// jump is walk for many servers. The places of a lineup count from the tail.
func (s *wrr) jump(end int) *Server {
	place := s.weights.below(s.last()-s.at, s.bar)
	if place < 0 || s.last()-place > end {
		s.at = max(s.at, end)
		return nil
	}
	s.at = s.last() - place
	return s.weights.servers[place]
}

// gcd is the greatest common divisor; of zero and b it is b.
func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
