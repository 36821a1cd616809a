// SPDX-License-Identifier: Apache-2.0

package conntrack

import "time"

// Asked notes that one end has said something, before Track hears of it, and
// returns when the client asked if this is the server's first answer to it. A
// packet restarts the timer, so the timer knows when the last one came: a
// second question before the answer counts from the second.
func (t *Table) Asked(c *Conn, d Dir, now time.Duration) (at time.Duration, ok bool) {
	if d == In {
		c.Flags |= asked
		return 0, false
	}
	ok = c.Flags&asked != 0
	c.Flags &^= asked
	return min(c.due-c.Timeout, now), ok
}
