// SPDX-License-Identifier: Apache-2.0

package sched

// A cost is what a server's next connection costs, as a fraction whose
// denominator is mostly the weight; zero as denominator says that it can take
// none. The cost may change only when the server does.
type cost func(*Server) (load, weight int64)

// A ranking is a pool that knows its cheapest server without walking the list,
// for the family of schedulers that take the least loaded one. With few
// servers it walks all the same, because that is faster.
type ranking struct {
	pool
	tournament tournament
}

// Update implements Scheduler.
func (r *ranking) Update(servers []*Server, change Change) {
	r.pool.Update(servers, change)
	if len(servers) < few {
		r.tournament.dismiss()
		return
	}
	r.tournament.follow(servers, change)
}

// least is the server that pool.least finds. The cost must be the same in all
// calls.
func (r *ranking) least(c cost) *Server {
	if len(r.servers) < few {
		return r.pool.least(c)
	}
	return r.tournament.least(c)
}

// heaviest is the server that pool.heaviest finds.
func (r *ranking) heaviest(fits func(*Server) bool) *Server {
	if len(r.servers) < few {
		return r.pool.heaviest(fits)
	}
	return r.tournament.least(func(d *Server) (int64, int64) {
		if !fits(d) {
			return 1, 0
		}
		return 1, int64(d.Weight)
	})
}

// A tournament is a tree whose leaves are the places of a lineup; each inner
// node holds the place of the cheapest server below it.
//
//	winners[1]               2
//	winners[2..3]        0       2
//	winners[4..7]      0   1   2   3      the places themselves
//
// Where one server changes, only the matches on its way up are played again.
type tournament struct {
	lineup
	keys    []key // by place
	winners []int32
}

// A key is the cost of a server as it last was.
type key struct{ load, weight int64 }

// least is the cheapest server, of equals the last added; nil if nobody can
// take a connection.
func (t *tournament) least(c cost) *Server {
	t.settle(c)
	if len(t.servers) == 0 || t.keys[t.winners[1]].weight == 0 {
		return nil
	}
	return t.servers[t.winners[1]]
}

// settle plays again what the news have changed.
func (t *tournament) settle(c cost) {
	if len(t.keys) != t.room {
		t.keys, t.winners = make([]key, t.room), make([]int32, 2*t.room)
	}
	news := t.news()
	for _, place := range news {
		t.keys[place] = keyOf(t.servers[place], c)
	}
	if len(news) > t.room/8 {
		t.playAll()
	} else {
		for _, place := range news {
			t.play(place)
		}
	}
	t.heard()
}

func keyOf(d *Server, c cost) key {
	if d == nil || !d.eligible() {
		return key{}
	}
	load, weight := c(d)
	return key{load, weight}
}

// play plays the matches on a place's way up again, until one ends as before
// without him.
func (t *tournament) play(place int32) {
	for n := (t.room + int(place)) / 2; n > 0; n /= 2 {
		winner := t.match(n)
		if winner == t.winners[n] && winner != place {
			return
		}
		t.winners[n] = winner
	}
}

// playAll plays all matches, as is faster where many servers changed.
func (t *tournament) playAll() {
	clear(t.keys[len(t.servers):])
	for place := range t.room {
		t.winners[t.room+place] = int32(place)
	}
	for n := t.room - 1; n > 0; n-- {
		t.winners[n] = t.match(n)
	}
}

// match is the winner of a node's two sides. Of equals it is the higher place.
func (t *tournament) match(n int) int32 {
	low, high := t.winners[2*n], t.winners[2*n+1]
	if l, h := &t.keys[low], &t.keys[high]; l.weight != 0 && (h.weight == 0 || h.load*l.weight > l.load*h.weight) {
		return low
	}
	return high
}
