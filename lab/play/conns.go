// SPDX-License-Identifier: Apache-2.0

package play

import (
	"fmt"
	"slices"
	"strings"
)

// A listing of connections has no order, and says how many seconds each has
// left: those run on while one looks.

// near is how many seconds the times in two listings may be apart.
const near = 2

// conns reports whether the command lists connections.
func (c *command) conns() bool {
	return c.lists() && slices.ContainsFunc(c.args[1:], func(a string) bool {
		return a == "--connection" || len(a) > 1 && a[0] == '-' && a[1] != '-' && strings.Contains(a, "c")
	})
}

// sameConns compares two listings of connections.
func sameConns(a, b string) bool {
	x, y := conns(a), conns(b)
	return slices.EqualFunc(x, y, func(c, d connLine) bool {
		return c.rest == d.rest && c.left-d.left <= near && d.left-c.left <= near
	})
}

// A connLine is one line of a listing.
type connLine struct {
	rest string // all but the time, one blank between words
	left int    // seconds; 0 where the line has none
}

// conns are the lines of a listing, sorted.
func conns(s string) (all []connLine) {
	for _, line := range lines(s) {
		words := strings.Fields(line)
		var c connLine
		if len(words) > 1 {
			var minutes, seconds int
			if n, _ := fmt.Sscanf(words[1], "%d:%d", &minutes, &seconds); n == 2 {
				c.left, words[1] = 60*minutes+seconds, "TIME"
			}
		}
		c.rest = strings.Join(words, " ")
		all = append(all, c)
	}
	slices.SortFunc(all, func(c, d connLine) int { return strings.Compare(c.rest, d.rest) })
	return all
}
