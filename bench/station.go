// SPDX-License-Identifier: Apache-2.0

package bench

import "math"

// A station is a real server at work. All its jobs that are worked on get the
// same in the same time, so one clock of work is enough for them: a job that
// comes when that clock shows w, and asks for x, leaves when it shows w+x.
//
//	first come, first served   as many at work as there are cores, each at full speed
//	shared                     all at work, each at speed * cores/jobs when there are too few cores
//	without limit              all at work at full speed
type station struct {
	speed, cores float64
	room         int // at work at once

	atWork  finishes
	waiting line
	clock   float64 // of work
	at      float64 // when the clock was read
	rate    float64 // of the clock now
}

// A job is under way.
type job struct {
	came float64 // when
	work float64 // seconds at speed 1
}

func newStation(m *Machine) station {
	s := station{speed: m.Speed, cores: float64(m.Cores), room: m.Cores}
	if m.Cores == 0 {
		s.cores = math.Inf(1)
	}
	if m.Cores == 0 || m.Shares {
		s.room = math.MaxInt
	}
	return s
}

// enter takes a job in.
func (s *station) enter(j job, now float64) {
	s.read(now)
	if len(s.atWork) < s.room {
		s.start(j)
	} else {
		s.waiting.push(j)
	}
}

// next is when the next job leaves: never, if there is none.
func (s *station) next() float64 {
	if len(s.atWork) == 0 {
		return math.Inf(1)
	}
	return s.at + (s.atWork[0].at-s.clock)/s.rate
}

// leave lets the next job go, at the time that next has told.
func (s *station) leave(now float64) job {
	first := s.atWork.pop()
	s.clock, s.at = first.at, now
	if s.waiting.n > 0 {
		s.start(s.waiting.pop())
	} else {
		s.pace()
	}
	return first.job
}

func (s *station) start(j job) {
	s.atWork.push(finish{s.clock + j.work, j})
	s.pace()
}

// read brings the clock of work up to date.
func (s *station) read(now float64) {
	s.clock += (now - s.at) * s.rate
	s.at = now
}

// pace is how fast the clock of work goes.
func (s *station) pace() {
	s.rate = s.speed
	if n := float64(len(s.atWork)); n > s.cores {
		s.rate *= s.cores / n
	}
}

// A finish is when a job leaves, by the clock of work.
type finish struct {
	at float64
	job
}

// finishes is a heap: the first to leave is on top.
type finishes []finish

func (h *finishes) push(f finish) {
	*h = append(*h, f)
	all, i := *h, len(*h)-1
	for i > 0 {
		up := (i - 1) / 2
		if all[up].at <= f.at {
			break
		}
		all[i] = all[up]
		i = up
	}
	all[i] = f
}

func (h *finishes) pop() finish {
	all := *h
	top, last, n := all[0], all[len(all)-1], len(all)-1
	i := 0
	for {
		down := 2*i + 1
		if down+1 < n && all[down+1].at < all[down].at {
			down++
		}
		if down >= n || all[down].at >= last.at {
			break
		}
		all[i] = all[down]
		i = down
	}
	all[i] = last
	*h = all[:n]
	return top
}

// A line is where jobs wait: a ring that grows.
type line struct {
	ring  []job
	first int
	n     int
}

func (l *line) push(j job) {
	if l.n == len(l.ring) {
		wider := make([]job, max(16, 2*len(l.ring)))
		copy(wider[copy(wider, l.ring[l.first:]):], l.ring[:l.first])
		l.ring, l.first = wider, 0
	}
	l.ring[(l.first+l.n)&(len(l.ring)-1)] = j
	l.n++
}

func (l *line) pop() job {
	j := l.ring[l.first]
	l.first = (l.first + 1) & (len(l.ring) - 1)
	l.n--
	return j
}
