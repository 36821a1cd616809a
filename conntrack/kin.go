// SPDX-License-Identifier: Apache-2.0

package conntrack

import "time"

// Kin says which connection another belongs to: the connections of a client to
// the template that remembers its server, FTP's data to its commands. A parent
// lives as long as its children.
//
// It is a slab of its own because only the opening and the end of a connection
// look at it.
type kin struct {
	parent   uint32 // the number of whom it belongs to; zero: nobody
	children uint32 // how many belong to it

	before [2]uint32 // the nodes before its own in its two chains, see index.go; zero: none
}

// spare is what a parent gets whose time is over while it has children: from
// then on its timeout is a minute, for good, as in the kernel.
const spare = time.Minute

// Adopt makes kid belong to parent.
func (t *Table) Adopt(parent, kid *Conn) {
	kid.Flags |= child
	t.kin[kid.num].parent = parent.num
	t.kin[parent.num].children++
}

// Parent is whom a connection belongs to, nil if nobody.
func (t *Table) Parent(c *Conn) *Conn {
	if c.Flags&child == 0 {
		return nil
	}
	return &t.conns[t.kin[c.num].parent]
}

// Children are how many connections belong to this one.
func (t *Table) Children(c *Conn) int { return int(t.kin[c.num].children) }

// leave takes a connection away from its parent, before it is forgotten.
func (t *Table) leave(c *Conn) {
	if parent := t.kin[c.num].parent; parent != 0 {
		t.kin[parent].children--
	}
	t.kin[c.num] = kin{}
}

// spared gives a connection that has children more time.
func (t *Table) spared(c *Conn, now time.Duration) bool {
	if t.kin[c.num].children == 0 {
		return false
	}
	c.Timeout = spare
	c.due = now + spare
	t.disarm(c)
	t.arm(c)
	return true
}

// ExpireWhole is ExpireNow for a connection and, when it was the last child,
// for its parent, unless that is an assured template.
func (t *Table) ExpireWhole(c *Conn, now time.Duration) {
	c.Timeout = 0
	t.ExpireNow(c, now)
}

// follow ends a parent after its last child, which ExpireWhole ended.
func (t *Table) follow(parent *Conn, now time.Duration) {
	if t.Children(parent) > 0 || parent.Flags&Template != 0 && parent.State == Assured {
		return
	}
	t.ExpireWhole(parent, now)
}
