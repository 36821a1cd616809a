// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
	"github.com/ulvs/ulvs/sched"
)

// addServer puts a real server at the head of its service's list: a new one,
// or the same one back from the trash with its connections.
func (e *Engine) addServer(s *service, old *dest, want ulvs.Server) error {
	m, err := mode(want.Mode)
	switch {
	case err != nil:
		return err
	case want.Weight < 0:
		return fmt.Errorf("weight %d: %w", want.Weight, ulvs.ErrRange)
	case old != nil:
		return ulvs.ErrServerExists
	case want.Addr.Addr().Is4() != s.Addr.Addr().Is4():
		return ulvs.ErrFamily
	case !e.unicast(want.Addr.Addr()):
		return fmt.Errorf("address is not unicast: %w", ulvs.ErrInvalid)
	}
	d := e.trash.revive(s.ID, want.Addr)
	if d == nil {
		d = &dest{id: s.ID, num: e.destNumber()}
		d.Addr = want.Addr
		e.dests[d.num] = d
	} else if d.service != s.num {
		e.forgetTraffic(d.num) // statistics belong to the service, which is a new one
	}
	s.mu.Lock()
	d.service, d.mode = s.num, m
	d.Edited(want.Weight, 0, 0)
	s.dests = slices.Insert(s.dests, 0, d)
	s.mu.Unlock()
	d.available.Store(true)
	s.tell(sched.Add, d)
	return nil
}

func (e *Engine) editServer(s *service, d *dest, want ulvs.Server) error {
	m, err := mode(want.Mode)
	switch {
	case err != nil:
		return err
	case want.Weight < 0:
		return fmt.Errorf("weight %d: %w", want.Weight, ulvs.ErrRange)
	case d == nil:
		return ulvs.ErrNoServer // whatever address it would have
	}
	s.mu.Lock()
	d.mode = m // of connections to come; those there are keep theirs
	d.Edited(want.Weight, 0, 0)
	s.mu.Unlock()
	s.tell(sched.Edit, d)
	return nil
}

func (e *Engine) deleteServer(s *service, d *dest) error {
	if d == nil {
		return ulvs.ErrNoServer
	}
	s.mu.Lock()
	s.dests = slices.DeleteFunc(s.dests, func(x *dest) bool { return x == d })
	s.mu.Unlock()
	s.tell(sched.Del, d)
	e.discard(d)
	return nil
}

func (e *Engine) discard(d *dest) {
	d.available.Store(false)
	e.trash.put(d, e.cfg.Now())
}

// unicast reports whether an address can be a real server's, as the kernel
// sees it (ip_vs_new_dest): in IPv4 neither "this network" nor a broadcast or
// group address; in IPv6 no group, and link-local only if it is the host's own.
func (e *Engine) unicast(a netip.Addr) bool {
	own := e.snapshot.Local(packet.AddrFrom(a))
	if a.Is6() {
		return !a.IsUnspecified() && !a.IsMulticast() && (own || !a.IsLinkLocalUnicast())
	}
	if a.As4()[0] == 0 || a.IsMulticast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return false
	}
	r, ok := e.snapshot.Route(packet.AddrFrom(a))
	return !ok || r.Kind != host.Broadcast && r.Kind != host.Multicast
}

// destNumber is the lowest number that no server has.
func (e *Engine) destNumber() uint32 {
	for i, d := range e.dests {
		if d == nil {
			e.forgetTraffic(uint32(i))
			return uint32(i)
		}
	}
	e.dests = append(e.dests, nil)
	return uint32(len(e.dests) - 1)
}

func (e *Engine) forgetTraffic(num uint32) {
	e.ask(func() {
		if int(num) < len(e.w.dests) {
			e.w.dests[num] = traffic{}
		}
	})
}
