// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/packet"
)

// ended reports whether the entry of a packet is one no more, so that the
// packet is seen as if there were none: a client opens anew what has ended
// (conn_reuse_mode), or the server is not one to go on with
// (expire_nodest_conn).
func (w *worker) ended(c *conntrack.Conn, p *packet.Packet) bool {
	d, sys := w.cfg.dest(c.Owner), &w.cfg.sysctls
	sweeps := sys.expireNodestConn != 0 && c.Owner != nobody
	switch {
	case begins(p) && sweeps && d.Weight == 0:
	case begins(p) && w.table.Parent(c) == nil && c.Reusable(sys.connReuseMode):
	case sweeps && !d.available:
	default:
		return false
	}
	if w.table.Children(c) == 0 || !d.available {
		w.table.ExpireNow(c, w.now)
	}
	return true
}

// release gives back what an entry held of its server, as it expires.
func (w *worker) release(c *conntrack.Conn) {
	d := w.cfg.dest(c.Owner)
	if c.Flags&conntrack.Template != 0 {
		d.UnbindTemplate()
		return
	}
	if d.id.Mark != 0 {
		w.unmeet(c)
	}
	w.giveBack(&c.Path, c.Proto, c.Mode, d)
	d.Unbind(c.Flags&conntrack.Inactive == 0)
	if !d.available && c.Owner != nobody && d.Active()+d.Inactive() == 0 {
		w.announce() // what the guard kept for its connections may go back to the host
	}
}
