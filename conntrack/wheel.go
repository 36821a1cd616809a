// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"math/bits"
	"time"
)

// A wheel holds a timer for each connection.
//
//	slot    … | k   | k+1 | k+2 | …       one for each 10 ms, around and around
//	            c7    -     c2
//	                        c9
//
// A packet writes the new deadline into its connection, and that is all: the
// connection stays in the slot of its old one. When that slot comes, whoever
// turns out to have time left is put into the slot it belongs to now. Only a
// deadline that moves to the front (ESTABLISHED to CLOSE) moves the connection
// at once.
//
// Deadlines beyond the wheel stand in its farthest slot, and are looked at
// again there. A bit for each slot says whether anyone is in it, so that hours
// of silence pass in a glance.
type wheel struct {
	heads []uint32 // the first connection of each slot; behind the last slot, of the late ones
	used  []uint64 // a bit for each slot with somebody in it
	tick  int64    // every slot up to this tick has been emptied
}

const (
	resolution = 10 * time.Millisecond // nobody lives longer than that beyond its time
	slots      = 1 << 17               // 21 minutes: more than ESTABLISHED's 15
	late       = slots                 // where ExpireNow puts them
	turn       = slots - 1             // the bits of a tick that say its slot
)

// ExpireAtOnce bounds how many connections one Expire ends, so that a flood that
// was remembered a minute ago does not stop the traffic of now.
const ExpireAtOnce = 10_000

func newWheel() wheel {
	return wheel{heads: make([]uint32, slots+1), used: make([]uint64, slots/64)}
}

// Expire ends every connection whose time is over, at most 10,000 of them: the
// rest at the next call. gone hears of each before it is forgotten; it must not
// change the table. The result is how many there were.
func (t *Table) Expire(now time.Duration, gone func(*Conn)) int {
	n := t.expireLate(now, gone)
	for last := int64(now / resolution); n < ExpireAtOnce; {
		at, ok := t.wheel.next(last)
		if !ok {
			t.wheel.tick = max(t.wheel.tick, last)
			break
		}
		n += t.expireSlot(at, ExpireAtOnce-n, now, gone)
	}
	return n
}

// expireLate ends those that ExpireNow marked.
func (t *Table) expireLate(now time.Duration, gone func(*Conn)) (n int) {
	for t.wheel.heads[late] != 0 && n < ExpireAtOnce {
		if c := &t.conns[t.wheel.heads[late]]; !t.spared(c, now) {
			t.end(c, now, gone)
			n++
		}
	}
	return n
}

// expireSlot empties the slot of a tick, or ends the most that it may.
func (t *Table) expireSlot(at int64, most int, now time.Duration, gone func(*Conn)) (n int) {
	t.wheel.tick = at - 1
	head := &t.wheel.heads[at&turn]
	for *head != 0 {
		c := &t.conns[*head]
		switch {
		case c.deadline() > at:
			t.disarm(c)
			t.arm(c)
		case t.spared(c, time.Duration(at)*resolution):
		case n == most:
			return n
		default:
			t.end(c, now, gone)
			n++
		}
	}
	t.wheel.tick = at
	return n
}

func (t *Table) end(c *Conn, now time.Duration, gone func(*Conn)) {
	gone(c)
	parent, whole := t.Parent(c), c.Timeout == 0
	t.Delete(c)
	if parent != nil && whole {
		t.follow(parent, now)
	}
}

// ExpireNow lets the next Expire end a connection, whatever comes until then.
// As in the kernel it counts, and is found, for that long; but an entry that is
// put into its place is found first.
func (t *Table) ExpireNow(c *Conn, now time.Duration) {
	c.due = now
	t.disarm(c)
	t.enter(c, late)
}

// Revive takes ExpireNow back.
func (t *Table) Revive(c *Conn) {
	if c.slot == late {
		t.disarm(c)
		t.arm(c)
	}
}

// Touch restarts the timer of a connection.
func (t *Table) Touch(c *Conn, now time.Duration) {
	c.due = now + c.Timeout
	if c.slot != late && c.deadline() < t.wheel.armed(c.slot) {
		t.disarm(c)
		t.arm(c)
	}
}

// deadline is the first tick at which the connection's time is over.
func (c *Conn) deadline() int64 { return int64((c.due + resolution - 1) / resolution) }

// arm puts a connection into the slot of its deadline.
func (t *Table) arm(c *Conn) {
	at := min(max(c.deadline(), t.wheel.tick+1), t.wheel.tick+slots-1)
	t.enter(c, uint32(at&turn))
}

// armed is the tick at which a slot comes next.
func (w *wheel) armed(slot uint32) int64 { return w.tick + 1 + (int64(slot)-w.tick-1)&turn }

// enter puts a connection at the head of a slot.
func (t *Table) enter(c *Conn, slot uint32) {
	w := &t.wheel
	c.slot, c.before, c.after = slot, 0, w.heads[slot]
	t.conns[c.after].before = c.num // of nobody, if nobody is there
	w.heads[slot] = c.num
	if slot != late {
		w.used[slot/64] |= 1 << (slot % 64)
	}
}

// disarm takes a connection out of its slot.
func (t *Table) disarm(c *Conn) {
	w := &t.wheel
	t.conns[c.after].before = c.before
	if c.before != 0 {
		t.conns[c.before].after = c.after
		return
	}
	w.heads[c.slot] = c.after
	if c.after == 0 && c.slot != late {
		w.used[c.slot/64] &^= 1 << (c.slot % 64)
	}
}

// next is the first tick, after those that are over and up to last, with
// somebody in its slot.
func (w *wheel) next(last int64) (at int64, ok bool) {
	last = min(last, w.tick+slots)
	for at = w.tick + 1; at <= last; at = (at | 63) + 1 {
		if word := w.used[at&turn/64] >> (at % 64); word != 0 {
			at += int64(bits.TrailingZeros64(word))
			return at, at <= last
		}
	}
	return 0, false
}
