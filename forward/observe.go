// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"iter"
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
			now := e.cfg.Now()
			e.w.expire(now)
			for c := range e.w.table.All() {
				all = append(all, observed(c, now))
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

// observed is a connection as others may see it.
func observed(c *conntrack.Conn, now time.Duration) ulvs.Conn {
	return ulvs.Conn{
		Proto:   ulvs.Proto(c.Proto),
		Client:  c.Client.AddrPort(),
		Virtual: c.Virtual.AddrPort(),
		Server:  c.Server.AddrPort(),
		State:   c.State.String(),
		Left:    int(c.Left(now) / time.Second),
	}
}

// Sysctls are all there are.
func (e *Engine) Sysctls(context.Context) ([]ulvs.Sysctl, error) { return nil, nil }

// Marks are the rules for marks.
func (e *Engine) Marks(context.Context) ([]ulvs.MarkRule, error) { return nil, nil }
