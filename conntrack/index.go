// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"iter"
	"math/bits"

	"github.com/ulvs/ulvs/packet"
)

// An index finds connections by the two ends that a packet shows, whichever of
// them is its source: so a packet looks at one chain, whatever its direction.
//
//	packet            shows                  node in the chain of those two
//	from the client   client and virtual     In
//	a reply           near and far           Out, unless they are the same two (dr, tun)
//
// One end alone would not do: all ports of a VIP, called from one port of one
// client, would make a chain of 65,535.
//
// A node of a chain is a connection's number, and its Dir in the lowest bit.
// Chains know the way back, so that the end of a connection costs the same
// wherever it stands.
//
// A client may use port 0, whose packets find no connection: each opens
// another, like the others in everything. They stand only in chains of
// replies, and packets from port 0 have chains of their own.
//
// A template has a chain by what it remembers, apart from all connections.
type index struct {
	heads []uint32 // first node of each chain
	seed  uint64
}

// newIndex has at least as many chains as there can be nodes.
func newIndex(limit int, seed uint64) index {
	return index{make([]uint32, 2<<bits.Len(uint(limit-1))), seed | 1}
}

// head is the chain of packets from src to dst, and of those the other way,
// unless a port is 0.
func (x *index) head(proto uint8, src, dst *packet.Endpoint) *uint32 {
	h := src.Hash(proto, x.seed)
	if src.Port == 0 {
		h += h
	}
	return &x.heads[(h+dst.Hash(proto, x.seed))&uint64(len(x.heads)-1)]
}

// Lookup is the connection of a flow, and which way the flow goes through it;
// nil if there is none. Where several would do, the client's direction comes
// before the server's, and the newest before the older ones.
func (t *Table) Lookup(f *packet.Flow) (*Conn, Dir) {
	first := *t.index.head(f.Proto, &f.Src, &f.Dst)
	if c := t.lookupIn(first, f); c != nil {
		return c, In
	}
	if c := t.lookupOut(first, f); c != nil {
		return c, Out
	}
	return nil, In
}

// lookupIn takes f for a client's packet. One from port 0 is never found, as in
// the kernel, which keeps that port for connections whose client port is not
// known yet.
func (t *Table) lookupIn(node uint32, f *packet.Flow) *Conn {
	if f.Src.Port == 0 {
		return nil
	}
	for node != 0 {
		c := &t.conns[node>>1]
		if c.Client == f.Src && c.Virtual == f.Dst && c.Proto == f.Proto {
			return c
		}
		node = c.next[node&1]
	}
	return nil
}

// lookupOut takes f for a server's packet.
func (t *Table) lookupOut(node uint32, f *packet.Flow) *Conn {
	for node != 0 {
		c := &t.conns[node>>1]
		if *c.far() == f.Dst && *c.near() == f.Src && c.Proto == f.Proto && c.Flags&Template == 0 {
			return c
		}
		node = c.next[node&1]
	}
	return nil
}

// template is the chain of a template. No protocol's number is that of another
// upside down, so that no flood of connections can fill it.
func (x *index) template(proto uint8, local, virtual *packet.Endpoint) *uint32 {
	return x.head(^proto, local, virtual)
}

// link puts a connection at the head of its chains.
func (t *Table) link(c *Conn) {
	for d, head := range t.chains(c) {
		t.push(head, c.num<<1|uint32(d))
	}
}

// unlink takes a connection out of its chains.
func (t *Table) unlink(c *Conn) {
	for d, head := range t.chains(c) {
		t.cut(head, c.num<<1|uint32(d))
	}
}

// chains are those that a connection stands in.
func (t *Table) chains(c *Conn) iter.Seq2[Dir, *uint32] {
	return func(yield func(Dir, *uint32) bool) {
		if c.Flags&Template != 0 {
			yield(In, t.index.template(c.Proto, &c.Local, &c.Virtual))
			return
		}
		near, far := c.near(), c.far()
		alike := *near == c.Virtual && *far == c.Client && near.Port != 0
		if c.Client.Port != 0 && !yield(In, t.index.head(c.Proto, &c.Client, &c.Virtual)) {
			return
		}
		if c.Client.Port == 0 || !alike {
			yield(Out, t.index.head(c.Proto, near, far))
		}
	}
}

// push puts a node at the head of a chain.
func (t *Table) push(head *uint32, node uint32) {
	first := *head
	t.conns[node>>1].next[node&1] = first
	t.kin[node>>1].before[node&1] = 0
	if first != 0 {
		t.kin[first>>1].before[first&1] = node
	}
	*head = node
}

// cut takes a node out of the chain with that head.
func (t *Table) cut(head *uint32, node uint32) {
	before, next := t.kin[node>>1].before[node&1], t.conns[node>>1].next[node&1]
	if next != 0 {
		t.kin[next>>1].before[next&1] = before
	}
	if before == 0 {
		*head = next
		return
	}
	t.conns[before>>1].next[before&1] = next
}
