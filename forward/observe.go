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

// Conns streams the connections as they were at one moment.
func (e *Engine) Conns(context.Context) iter.Seq2[ulvs.Conn, error] {
	return func(yield func(ulvs.Conn, error) bool) {
		var all []ulvs.Conn
		e.mu.Lock()
		e.ask(func() {
			e.w.expire(e.cfg.Now())
			for c := range e.w.table.All() {
				all = append(all, e.w.observed(c))
			}
		})
		e.mu.Unlock()
		for _, c := range all {
			if !yield(c, nil) {
				return
			}
		}
	}
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
