// SPDX-License-Identifier: Apache-2.0

package sched

// Weights are what wrr and a lottery ask of a list, as a tree over the places
// of a lineup: each node sums up the servers below it.
//
//	nodes[1]               all
//	nodes[2..3]        0,1     2,3
//	nodes[4..7]       0   1   2   3      the places themselves
type weights struct {
	lineup
	nodes []node
}

// A node is the sum of some servers.
type node struct {
	gcd, top int // of all weights: the greatest common divisor, the largest
	ready    int // the largest weight of those who can take a connection
	tickets  int // all weights of those
}

func nodeOf(d *Server) (n node) {
	if d == nil {
		return node{}
	}
	if !d.Overloaded() {
		n.ready, n.tickets = d.Weight, d.Weight
	}
	n.gcd, n.top = d.Weight, d.Weight
	return n
}

func (n node) with(m node) node {
	return node{gcd(n.gcd, m.gcd), max(n.top, m.top), max(n.ready, m.ready), n.tickets + m.tickets}
}

// all is the sum of all servers.
func (w *weights) all() node {
	w.settle()
	return w.nodes[1]
}

// settle brings the news into the tree.
func (w *weights) settle() {
	if len(w.nodes) != 2*w.room {
		w.nodes = make([]node, 2*w.room)
	}
	if news := w.news(); len(news) > w.room/8 {
		w.sumAll()
	} else {
		for _, place := range news {
			w.sum(place)
		}
	}
	w.heard()
}

// sum sums up on one place's way up again, until nothing changes.
func (w *weights) sum(place int32) {
	n, is := w.room+int(place), nodeOf(w.servers[place])
	for w.nodes[n] != is {
		w.nodes[n] = is
		if n == 1 {
			return
		}
		n /= 2
		is = w.nodes[2*n].with(w.nodes[2*n+1])
	}
}

// sumAll sums up all, as is faster where many servers changed.
func (w *weights) sumAll() {
	leaves := w.nodes[w.room:]
	clear(leaves)
	for place, d := range w.servers {
		leaves[place] = nodeOf(d)
	}
	for n := w.room - 1; n > 0; n-- {
		w.nodes[n] = w.nodes[2*n].with(w.nodes[2*n+1])
	}
}

// below is the highest place below that one whose server reaches the bar,
// which must be above zero; -1 if there is none.
func (w *weights) below(place, bar int) int {
	w.settle()
	n := w.room + place
	for n&1 == 0 || w.nodes[n-1].ready < bar { // no neighbour on the left, or none that reaches it
		if n /= 2; n <= 1 {
			return -1
		}
	}
	for n--; n < w.room; {
		if n = 2*n + 1; w.nodes[n].ready < bar {
			n--
		}
	}
	return n - w.room
}

// holder is the server with that ticket, counted from zero and from the tail
// of the list on; there must be one. The tree is settled.
func (w *weights) holder(ticket int) *Server {
	n := 1
	for n < w.room {
		n *= 2
		if left := w.nodes[n].tickets; ticket >= left {
			ticket -= left
			n++
		}
	}
	return w.servers[n-w.room]
}
