// SPDX-License-Identifier: Apache-2.0

package conntrack

import "math"

// A template is what a persistent service remembers of a client: the server
// that its connections go to. It stands in the table like a connection, from
// the client's network, port zero, and no packet finds it. Its timer runs anew
// with each connection that it leads, not with their packets.

// Assured is the state of a template that has led a connection which came to
// something; until then it is None. The number is the kernel's.
const Assured = Established

// Template is the template of a client for an address and protocol of the
// director's; nil if there is none. Call is what a persistence engine found in
// the packet, empty without one.
func (t *Table) Template(n *New, call []byte) *Conn {
	if len(call) > 0 {
		n.Local = t.calls.end(call)
	}
	for node := *t.index.template(n.Proto, &n.Local, &n.Virtual); node != 0; {
		c := &t.conns[node>>1]
		if c.Flags&Template != 0 && c.Client == n.Client && c.Virtual == n.Virtual && c.Proto == n.Proto &&
			c.Local == n.Local && string(t.calls.of(c.num)) == string(call) {
			return c
		}
		node = c.next[node&1]
	}
	return nil
}

// invalid is the port of a template that leads nowhere any more.
const invalid = math.MaxUint16

// Invalidate sees to it that nothing finds a template again. It lives until its
// timer has run out and its children are gone.
func (t *Table) Invalidate(c *Conn) {
	if c.Virtual.Port == invalid {
		return
	}
	t.unlink(c)
	c.Virtual.Port, c.Server.Port = invalid, invalid
	t.link(c)
}

// Assure notes that a connection came to something, for the template that led
// it.
func (t *Table) Assure(c *Conn) {
	if p := t.Parent(c); p != nil && p.Flags&Template != 0 {
		p.State = Assured
	}
}

// Recall gives a template what a persistence engine found.
func (t *Table) Recall(c *Conn, call []byte) { t.calls.remember(c.num, call) }

// Call is what a persistence engine found, for a template.
func (t *Table) Call(c *Conn) []byte { return t.calls.of(c.num) }
