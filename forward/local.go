// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/modes"
	"github.com/ulvs/ulvs/packet"
)

// Mode fullnat speaks to real servers from local addresses of the director's.
// Each new connection gets a local end of its own, an address and a port, and
// gives it back when it expires. A server's connections take the addresses in
// turn, each server for itself.

// borrow gives a connection to be a local end, if its mode wants one.
func (w *worker) borrow(n *conntrack.New, d *dest) packet.Drop {
	if !modes.All[n.Mode].Local {
		return packet.None
	}
	locals := d.home.how.locals
	for range locals {
		d.turn = (d.turn + 1) % len(locals)
		if w.borrowAt(n, d, locals[d.turn]) {
			return packet.None
		}
	}
	w.complain(d)
	return packet.NoLocalPort
}

// tries is how many ports of an address are asked for, if they turn out to be
// taken. A pool knows what is taken at a server's one port; but a server for all
// ports may be another's one port as well.
const tries = 16

// borrowAt looks for a port of one address.
func (w *worker) borrowAt(n *conntrack.New, d *dest, local packet.Addr) bool {
	at := pairOf(&n.Path, n.Proto, d, local)
	for range tries {
		port, ok := w.locals.Take(at, w.cfg.host.Local(local))
		if !ok {
			return false
		}
		n.Local = packet.Endpoint{Addr: local, Port: port}
		reply := packet.Flow{Src: n.Server, Dst: n.Local, Proto: n.Proto}
		if c, _ := w.table.Lookup(&reply); c == nil {
			return true
		}
		w.locals.Give(at, port)
	}
	return false
}

// giveBack takes the local end of a connection that is no more, or never came to
// be.
func (w *worker) giveBack(path *packet.Path, proto, mode uint8, d *dest) {
	if modes.All[mode].Local {
		w.locals.Give(pairOf(path, proto, d, path.Local.Addr), path.Local.Port)
	}
}

// pairOf is the pair whose ports a connection takes from: its server is that
// which was asked for, so that one for all ports has one pool for all.
func pairOf(path *packet.Path, proto uint8, d *dest, local packet.Addr) conntrack.Pair {
	return conntrack.Pair{
		Local: local, Proto: proto,
		Server: packet.Endpoint{Addr: path.Server.Addr, Port: d.Addr.Port()},
	}
}

// complainEvery is how often the log tells that there are no ports.
const complainEvery = time.Minute

// complain tells the log that a server's new connections find no port.
func (w *worker) complain(d *dest) {
	if w.now < w.complains {
		return
	}
	w.complains = w.now + complainEvery
	w.log.Warn("no local port is free: give the service more addresses with --local-address",
		"service", d.id, "server", d.Addr, "addresses", len(d.home.how.locals), "dropped so far", w.drops[packet.NoLocalPort]+1)
}

// forgetLocals drops what is known of addresses that no service has any more.
func (w *worker) forgetLocals() {
	w.locals.Forget(func(at conntrack.Pair) bool { return w.cfg.locals[at.Local] })
}

// localsOf are the local addresses that a service asks for.
func localsOf(want ulvs.Service) (all []packet.Addr, err error) {
	if _, err := ulvs.ParseLocals(string(want.Locals)); err != nil {
		return nil, fmt.Errorf("%w: %w", err, ulvs.ErrInvalid)
	}
	for _, a := range want.Locals.Addrs() {
		if a.Is4() != want.Addr.Addr().Is4() {
			return nil, fmt.Errorf("local address %v: %w", a, ulvs.ErrFamily)
		}
		all = append(all, packet.AddrFrom(a))
	}
	return all, nil
}

// lent are the local addresses that connections have ports of: they are held,
// and guarded, as long as these live.
func (e *Engine) lent() map[packet.Addr]bool {
	m := map[packet.Addr]bool{}
	e.ask(func() {
		for a := range e.w.locals.Lent() {
			if e.w.cfg.serves(&a) {
				m[a] = true
			}
		}
	})
	return m
}
