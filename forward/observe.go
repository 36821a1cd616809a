// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"iter"
	"net/netip"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/conntrack"
)

// atOnce is how many places of the table are read between two batches: packets
// wait for no more.
const atOnce = 1024

// Conns streams the connections. Only those of neighbouring places are of one
// moment: one that ends meanwhile and begins anew may be seen twice or not at
// all, as in the kernel's file.
func (e *Engine) Conns(context.Context) iter.Seq2[ulvs.Conn, error] {
	return func(yield func(ulvs.Conn, error) bool) {
		part := make([]ulvs.Conn, 0, atOnce)
		for next, more := 0, true; more; more = next > 0 {
			e.ask(func() { part, next = e.w.part(part[:0], next, e.cfg.Now()) })
			for _, c := range part {
				if !yield(c, nil) {
					return
				}
			}
		}
	}
}

// part appends the connections of some places, and says where to go on; zero:
// nowhere.
func (w *worker) part(list []ulvs.Conn, from int, now time.Duration) (_ []ulvs.Conn, next int) {
	w.expire(now)
	some, next := w.table.Part(from, atOnce)
	for c := range some {
		list = append(list, w.observed(c))
	}
	return list, next
}

// observed is a connection as others may see it. Whole seconds that are left
// are shown as the kernel's listing rounds them.
func (w *worker) observed(c *conntrack.Conn) ulvs.Conn {
	o := ulvs.Conn{
		Proto:    ulvs.Proto(c.Proto),
		Client:   c.Client.AddrPort(),
		Virtual:  c.Virtual.AddrPort(),
		Server:   c.Server.AddrPort(),
		State:    c.State.String(),
		Left:     int(c.Left(w.now) / time.Second),
		Template: c.Flags&conntrack.Template != 0,
	}
	if c.Owner == nobody { // as the kernel lists it
		o.Server = netip.AddrPortFrom(unspecified(o.Server.Addr()), 0)
	}
	if !o.Template {
		return o
	}
	if o.State = "NONE"; c.State == conntrack.Assured {
		o.State = "ASSURED"
	}
	if call := w.table.Call(c); call != nil {
		o.Engine, o.EngineData = "sip", string(call)
	}
	return o
}

func unspecified(a netip.Addr) netip.Addr {
	if a.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// Marks are the rules for marks.
func (e *Engine) Marks(context.Context) ([]ulvs.MarkRule, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.book.marks, nil
}
