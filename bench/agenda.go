// SPDX-License-Identifier: Apache-2.0

package bench

import "math"

// An agenda knows who is next of n parties, each of which has one time at which
// it wants its turn. It is a tournament: the winner of each pair goes up.
//
//	      1
//	  2       3        winners
//	4   5   6   7      the parties, width of them
type agenda struct {
	at    []float64 // by party; never: infinity
	won   []int32   // by place in the tree, from 1
	width int       // a power of two
}

func newAgenda(n int) *agenda {
	width := 1
	for width < n {
		width *= 2
	}
	a := &agenda{make([]float64, width), make([]int32, 2*width), width}
	for i := range a.at {
		a.at[i] = math.Inf(1)
		a.won[width+i] = int32(i)
	}
	for i := range a.at {
		a.set(i, a.at[i])
	}
	return a
}

// set says when a party wants its turn.
func (a *agenda) set(party int, at float64) {
	a.at[party] = at
	for place := (a.width + party) / 2; place > 0; place /= 2 {
		l, r := a.won[2*place], a.won[2*place+1]
		if a.at[r] < a.at[l] {
			l = r
		}
		a.won[place] = l
	}
}

// next is who is next, and when.
func (a *agenda) next() (party int, at float64) {
	first := a.won[1]
	return int(first), a.at[first]
}
