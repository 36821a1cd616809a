// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/modes"
	"github.com/ulvs/ulvs/packet"
)

// addServer puts a real server at the head of its service's list: a new one,
// or the same one back from the trash with its connections.
func (e *Engine) addServer(s *entry, old *dest, want ulvs.Server) error {
	m, t, err := soundServer(want)
	switch {
	case err != nil:
		return err
	case old != nil:
		return ulvs.ErrServerExists
	case want.Addr.Addr().Is4() != s.Addr.Addr().Is4() && want.Mode != "tun":
		return ulvs.ErrFamily
	case !e.unicast(want.Addr.Addr()):
		return fmt.Errorf("address is not unicast: %w", ulvs.ErrInvalid)
	case modes.All[m].Local && len(s.locals) == 0:
		return ulvs.ErrNoLocals
	}
	d := e.book.trash.revive(s.ID, want.Addr)
	if d == nil {
		d = &dest{id: s.ID}
		d.Addr = want.Addr
		e.book.number(d)
	}
	d.replies(m)
	s.dests = slices.Concat([]*dest{d}, s.dests)
	home := s.service
	e.later(func() { e.w.join(d, home, m, want); d.tunnel = t })
	return nil
}

// replies notes how those of a server come, whose mode is that.
func (d *dest) replies(mode uint8) {
	d.masq, d.local = modes.All[mode].SeesBack, modes.All[mode].Local
	d.translated = d.translated || d.masq
}

// soundServer is a real server's mode and tunnel, if there can be such a one.
func soundServer(want ulvs.Server) (mode uint8, t packet.Tunnel, err error) {
	mode, ok := modes.Index(want.Mode)
	switch {
	case !ok:
		return 0, t, fmt.Errorf("mode %q: %w", want.Mode, ulvs.ErrNotYetSupported)
	case want.Weight < 0:
		return 0, t, fmt.Errorf("weight %d: %w", want.Weight, ulvs.ErrRange)
	case want.Lower > want.Upper || want.Lower < 0:
		return 0, t, fmt.Errorf("thresholds %d and %d: %w", want.Upper, want.Lower, ulvs.ErrRange)
	}
	t, err = tunnelOf(want.Tunnel)
	return mode, t, err
}

// tunnelOf reads a tunnel; one that says nothing is IPIP.
func tunnelOf(want ulvs.Tunnel) (t packet.Tunnel, err error) {
	flags := map[string]packet.TunnelFlags{
		"": 0, "nocsum": 0, "csum": packet.TunnelSum, "remcsum": packet.TunnelRemoteSum,
	}
	var known, summed bool
	t.Port = want.Port
	t.Flags, summed = flags[want.Sum]
	if t.Kind, known = packet.TunnelKindOf(want.Type); want.Type == "" {
		known = true
	}
	if !known || !summed || t.Kind == packet.GUE && t.Port == 0 {
		return t, fmt.Errorf("tunnel %+v: %w", want, ulvs.ErrInvalid)
	}
	return t, nil
}

// told is the tunnel as it was asked for.
func told(t packet.Tunnel) (u ulvs.Tunnel) {
	if t == (packet.Tunnel{}) {
		return u
	}
	u.Type, u.Port = t.Kind.String(), t.Port
	switch t.Flags {
	case packet.TunnelSum:
		u.Sum = "csum"
	case packet.TunnelRemoteSum:
		u.Sum = "remcsum"
	}
	return u
}

// join makes d a server of a service. Statistics belong to the service: in a
// new one they begin at zero, also for an old server.
func (w *worker) join(d *dest, home *service, mode uint8, want ulvs.Server) {
	if d.home != home {
		w.dests = grow(w.dests, int(d.num)+1)
		w.dests[d.num] = meter{}
	}
	d.home, d.mode, d.available = home, mode, true
	d.Added(want.Weight, want.Upper, want.Lower)
	home.add(d)
}

func (e *Engine) editServer(s *entry, d *dest, want ulvs.Server) error {
	m, t, err := soundServer(want)
	switch {
	case err != nil:
		return err
	case d == nil:
		return ulvs.ErrNoServer // whatever address it would have
	case modes.All[m].Local && len(s.locals) == 0:
		return ulvs.ErrNoLocals
	}
	d.replies(m)
	home := s.service
	e.later(func() {
		d.mode = m   // of connections to come; those there are keep theirs
		d.tunnel = t // of all
		d.Edited(want.Weight, want.Upper, want.Lower)
		home.edit(d)
	})
	return nil
}

func (e *Engine) deleteServer(s *entry, d *dest) error {
	if d == nil {
		return ulvs.ErrNoServer
	}
	s.dests = slices.DeleteFunc(slices.Clone(s.dests), func(x *dest) bool { return x == d })
	e.discard(d)
	home := s.service
	e.later(func() { home.remove(d) })
	return nil
}

// discard puts a server that left its service into the trash.
func (e *Engine) discard(d *dest) {
	e.book.trash.put(d, e.cfg.Now())
	sweep := e.book.sysctls.expireNodestConn != 0
	e.later(func() {
		d.available = false
		e.w.sweeps = e.w.sweeps || sweep
	})
}

// sweep forgets all connections whose server was deleted
// (ip_vs_expire_nodest_conn_flush). Whom ExpireWhole hears of last, ends first:
// so those that others depend on are the first here.
func (w *worker) sweep() {
	w.sweeps = false
	for _, parents := range [...]bool{true, false} {
		for c := range w.table.All() {
			if c.Owner != nobody && !w.cfg.dest(c.Owner).available && w.table.Children(c) > 0 == parents {
				w.table.ExpireWhole(c, w.now)
			}
		}
	}
	w.expire(w.now)
}

// unicast reports whether an address can be a real server's, as the kernel
// sees it (ip_vs_new_dest): in IPv4 neither "this network" nor a broadcast or
// group address; in IPv6 no group, and link-local only if it is the host's own.
func (e *Engine) unicast(a netip.Addr) bool {
	own := e.snapshot.Local(packet.AddrFrom(a))
	if a.Is6() {
		return !a.Is4In6() && !a.IsUnspecified() && !a.IsMulticast() && (own || !a.IsLinkLocalUnicast())
	}
	if a.As4()[0] == 0 || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return false
	}
	r, ok := e.snapshot.Route(packet.AddrFrom(a))
	return !ok || r.Kind != host.Broadcast && r.Kind != host.Multicast
}
