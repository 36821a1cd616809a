// SPDX-License-Identifier: Apache-2.0

// Package conntrack remembers which server each connection went to, in which
// state it is, and for how long it is worth remembering, as the kernel's IPVS
// does.
//
// Time is an argument everywhere, so that a table can live through hours in a
// moment. A table belongs to one goroutine.
package conntrack

import (
	"iter"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// A Table holds connections: a slab of them, sized at the start, an index into
// it (index.go), and a wheel of their timers (wheel.go).
type Table struct {
	conns    []Conn // the zeroth is nobody: zero ends a list
	fresh    uint32 // the first that was never used
	free     uint32 // a list, by next[0], of those that were
	count    int
	timeouts Timeouts
	rules    *rules // of TCP
	index    index
	wheel    wheel
	kin      []kin // by number
	calls    calls
}

// maxConns keeps a connection's number and a bit in 32 bits.
const maxConns = 1 << 30

// NewTable is a table for limit connections, at least one. Their memory is
// touched only as they come: 144 bytes each, 8 to 16 for the index; the wheel
// takes half a megabyte. The seed is the secret without which a client cannot
// choose its chain.
func NewTable(limit int, t Timeouts, seed uint64) *Table {
	limit = min(max(limit, 1), maxConns)
	return &Table{
		conns:    make([]Conn, limit+1),
		fresh:    1,
		timeouts: t,
		rules:    &usual,
		index:    newIndex(limit, seed),
		wheel:    newWheel(),
		kin:      make([]kin, limit+1),
	}
}

// Len is how many connections there are.
func (t *Table) Len() int { return t.count }

// Cap is how many there can be.
func (t *Table) Cap() int { return len(t.conns) - 1 }

// SetTimeouts changes the timeouts. A connection hears of it with its next
// packet.
func (t *Table) SetTimeouts(to Timeouts) { t.timeouts = to }

// SetSecure says whether TCP is seen with suspicion (the sysctl secure_tcp).
func (t *Table) SetSecure(on bool) {
	if t.rules = &usual; on {
		t.rules = &secured
	}
}

// Timeouts are those in force.
func (t *Table) Timeouts() Timeouts { return t.timeouts }

// Insert adds a connection: TCP and SCTP in state NONE, UDP in its only
// one, with its timer running. Of several with the same ends, the newest is
// found. The only reason to refuse is TableFull.
func (t *Table) Insert(n New, now time.Duration) (*Conn, packet.Drop) {
	num := t.take()
	if num == 0 {
		return nil, packet.TableFull
	}
	c := &t.conns[num]
	*c = Conn{Path: n.Path, Proto: n.Proto, Mode: n.Mode, Owner: n.Owner, Timeout: n.Timeout, num: num}
	c.Flags = n.Flags | Inactive | hashed
	if n.Flags&NoOutput != 0 {
		c.Flags |= Untranslated // NoOutput goes with the first reply; what the replies look like stays
	}
	if n.Proto == packet.ProtoUDP && n.Flags&Template == 0 {
		c.State = UDP
	}
	if c.Timeout == 0 {
		c.Timeout = firstTimeout
	}
	c.due = now + c.Timeout
	t.link(c)
	t.arm(c)
	t.count++
	return c, packet.None
}

// take is the number of an unused connection, zero if there is none.
func (t *Table) take() uint32 {
	num := t.free
	switch {
	case num != 0:
		t.free = t.conns[num].next[0]
	case int(t.fresh) < len(t.conns):
		num = t.fresh
		t.fresh++
	}
	return num
}

// Delete forgets a connection at once. What the caller counts is the caller's
// to discount.
func (t *Table) Delete(c *Conn) {
	if c.Flags&hashed == 0 {
		return
	}
	num := c.num
	t.unlink(c)
	t.disarm(c)
	t.leave(c)
	t.calls.forget(num)
	*c = Conn{next: [2]uint32{t.free}}
	t.free = num
	t.count--
}

// All are the connections, in no order. The one at hand may be deleted.
func (t *Table) All() iter.Seq[*Conn] {
	all, _ := t.Part(0, len(t.conns))
	return all
}

// Part is All for n places of the table, from one on: for those who have no
// time for all at once. The next part begins at next; after the last, that is
// zero.
func (t *Table) Part(from, n int) (part iter.Seq[*Conn], next int) {
	end := min(from+n, int(t.fresh))
	if next = end; end == int(t.fresh) {
		next = 0
	}
	return func(yield func(*Conn) bool) {
		for i := from; i < end; i++ {
			if c := &t.conns[i]; c.Flags&hashed != 0 && !yield(c) {
				return
			}
		}
	}, next
}
