// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"math/bits"

	"github.com/ulvs/ulvs/packet"
)

// An index finds connections by the end that a packet shows.
//
// A packet from the client shows the client as its source, a reply shows it as
// its destination: so one chain, by protocol and client, serves both. Only
// where the server's side sees a Local end that is not the client (fullnat)
// does a reply show something else; such a connection stands in a second
// chain, by its Local end.
//
// A node of a chain is one of the two ends of a connection: the connection's
// number, and in the lowest bit which end.
type index struct {
	heads []uint32 // first node of each chain
	seed  uint64
}

const (
	clientEnd = 0
	localEnd  = 1
)

// newIndex has at least as many chains as there can be connections.
func newIndex(limit int, seed uint64) index {
	return index{make([]uint32, 1<<bits.Len(uint(limit-1))), seed | 1}
}

// head is the chain of an end.
func (x *index) head(proto uint8, e *packet.Endpoint) *uint32 {
	return &x.heads[e.Hash(proto, x.seed)&uint64(len(x.heads)-1)]
}

// Lookup is the connection of a flow, and which way the flow goes through it;
// nil if there is none. Where several would do, the client's direction comes
// before the server's, and the newest before the older ones.
func (t *Table) Lookup(f *packet.Flow) (*Conn, Dir) {
	if c := t.lookupIn(f); c != nil {
		return c, In
	}
	if c := t.lookupOut(f); c != nil {
		return c, Out
	}
	return nil, In
}

// lookupIn takes f for a client's packet. One from port 0 is never found, as in
// the kernel, which keeps that port for connections whose client port is not
// known yet.
func (t *Table) lookupIn(f *packet.Flow) *Conn {
	if f.Src.Port == 0 {
		return nil
	}
	for node := *t.index.head(f.Proto, &f.Src); node != 0; {
		c := &t.conns[node>>1]
		if c.Client == f.Src && c.Virtual == f.Dst && c.Proto == f.Proto {
			return c
		}
		node = c.next[node&1]
	}
	return nil
}

// lookupOut takes f for a server's packet.
func (t *Table) lookupOut(f *packet.Flow) *Conn {
	for node := *t.index.head(f.Proto, &f.Dst); node != 0; {
		c := &t.conns[node>>1]
		if *c.far() == f.Dst && *c.near() == f.Src && c.Proto == f.Proto && c.Flags&Template == 0 {
			return c
		}
		node = c.next[node&1]
	}
	return nil
}

// link puts a connection at the head of its chains.
func (t *Table) link(c *Conn) {
	c.next[clientEnd] = push(t.index.head(c.Proto, &c.Client), c.num<<1|clientEnd)
	if *c.far() != c.Client {
		c.next[localEnd] = push(t.index.head(c.Proto, c.far()), c.num<<1|localEnd)
	}
}

// push makes node the head, and returns what was.
func push(head *uint32, node uint32) uint32 {
	was := *head
	*head = node
	return was
}

// unlink takes a connection out of its chains.
func (t *Table) unlink(c *Conn) {
	t.cut(t.index.head(c.Proto, &c.Client), c.num<<1|clientEnd)
	if *c.far() != c.Client {
		t.cut(t.index.head(c.Proto, c.far()), c.num<<1|localEnd)
	}
}

// cut takes a node out of the chain that begins at link.
func (t *Table) cut(link *uint32, node uint32) {
	for *link != node {
		at := *link
		link = &t.conns[at>>1].next[at&1]
	}
	*link = t.conns[node>>1].next[node&1]
}
