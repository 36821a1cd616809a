// SPDX-License-Identifier: Apache-2.0

package play

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A listing of connections has no order, and says how many seconds each has
// left: those run on while one looks.

// near is how far the times in two listings may be apart.
const near = 2 * time.Second

// conns reports whether the command lists connections.
func (c *command) conns() bool {
	return c.lists() && slices.ContainsFunc(c.args[1:], func(a string) bool {
		return a == "--connection" || len(a) > 1 && a[0] == '-' && a[1] != '-' && strings.Contains(a, "c")
	})
}

// sameConns compares two listings of connections; what is left in got may be
// less by as much as got is late.
func sameConns(got, want string, late time.Duration) bool {
	return slices.EqualFunc(conns(got), conns(want), func(c, d connLine) bool {
		return c.rest == d.rest && c.left <= d.left+near && c.left >= d.left-near-late
	})
}

// A connLine is one line of a listing.
type connLine struct {
	rest string        // all but the time, one blank between words
	left time.Duration // 0 where the line has none
}

// conns are the lines of a listing, sorted, and each once: the kernel may list a
// connection twice while others come and go.
func conns(s string) (all []connLine) {
	for _, line := range lines(s) {
		words := strings.Fields(line)
		var c connLine
		if len(words) > 1 {
			var minutes, seconds int
			if n, _ := fmt.Sscanf(words[1], "%d:%d", &minutes, &seconds); n == 2 {
				c.left, words[1] = time.Duration(60*minutes+seconds)*time.Second, "TIME"
			}
		}
		c.rest = strings.Join(words, " ")
		all = append(all, c)
	}
	slices.SortFunc(all, func(c, d connLine) int { return strings.Compare(c.rest, d.rest) })
	return slices.CompactFunc(all, func(c, d connLine) bool { return c.rest == d.rest })
}
