// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"fmt"
	"math"
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/sched"
)

// maxTimeout is the longest timeout in seconds, as ipvsadm has it: 31 days.
const maxTimeout = 31 * 24 * 60 * 60

// complete adds what may be left out: the address of a service by mark, which
// only tells its family.
func complete(c *ulvs.Command) {
	if c.Service.Mark != 0 && c.Service.Addr == (netip.AddrPort{}) {
		c.Service.Addr = anyAddr(false)
	}
}

// whole refuses a command that lacks what its verb is about, or has numbers
// that no ipvsadm sends, so that no director has to expect one.
func whole(c ulvs.Command) error {
	if !slices.ContainsFunc(routes, func(r route) bool { return r.verb == c.Verb }) {
		return fmt.Errorf("command %q: %w", c.Verb, ulvs.ErrInvalid)
	}
	err := wholeFor(c)
	if err != nil {
		return fmt.Errorf("%s: %w: %w", c.Verb, err, ulvs.ErrInvalid)
	}
	return nil
}

// wholeFor is whole for each kind of verb.
func wholeFor(c ulvs.Command) error {
	switch c.Verb {
	case ulvs.Flush, ulvs.FlushMarks:
		return nil
	case ulvs.Zero:
		if c.Service.ID == (ulvs.ID{}) {
			return nil
		}
	case ulvs.SetTimeouts:
		return wholeTimeouts(c.Timeouts)
	case ulvs.SetSysctl:
		return wholeSysctl(c.Sysctl)
	case ulvs.AddMark, ulvs.InsertMark, ulvs.DeleteMark:
		return c.Mark.Check()
	case ulvs.AddServer, ulvs.EditServer, ulvs.DeleteServer:
		if err := wholeServer(c.Server); err != nil {
			return err
		}
	}
	return wholeService(c.Service)
}

// wholeService judges the name of a service, and what it says of itself.
func wholeService(s ulvs.Service) error {
	id := s.ID
	switch {
	case id.Mark == 0 && (id.Proto == 0 || !plain(id.Addr)):
		return fmt.Errorf("which service? want proto and addr, or mark")
	case id.Mark != 0 && (id.Proto != 0 || id.Addr != anyAddr(id.Addr.Addr().Is6())):
		return fmt.Errorf("mark %d: it has no proto, and as addr 0.0.0.0:0 or [::]:0", id.Mark)
	case s.Persist < 0 || s.Persist > maxTimeout:
		return fmt.Errorf("persist %d: want 0 to %d seconds", s.Persist, maxTimeout)
	case s.Flags > uint8(sched.Flag1|sched.Flag2|sched.Flag3):
		return fmt.Errorf("flags %d: want a sum of 1, 2 and 4", s.Flags)
	case s.Mask.IsValid() && (s.Mask.Is4() != id.Addr.Addr().Is4() || s.Mask.Zone() != "" || !contiguous(s.Mask)):
		return fmt.Errorf("mask %v: want one like 255.255.255.0, or ffff:ffff:: for IPv6", s.Mask)
	}
	return nil
}

// contiguous reports whether an IPv6 mask is a prefix of at least a bit; one of
// IPv4 may be anything.
func contiguous(mask netip.Addr) bool {
	if mask.Is4() {
		return true
	}
	b := mask.As16()
	high := 0
	for high < 128 && b[high/8]<<(high%8)&0x80 != 0 {
		high++
	}
	for rest := high; rest < 128; rest++ {
		if b[rest/8]<<(rest%8)&0x80 != 0 {
			return false
		}
	}
	return high > 0
}

// wholeServer judges the name of a real server, and its numbers: the kernel's
// are a C int.
func wholeServer(s ulvs.Server) error {
	if !plain(s.Addr) {
		return fmt.Errorf("which real server? want addr")
	}
	for _, f := range []struct {
		name string
		n    int
	}{{"weight", s.Weight}, {"upper", s.Upper}, {"lower", s.Lower}} {
		if f.n < 0 || f.n > math.MaxInt32 {
			return fmt.Errorf("%s %d: want 0 to %d", f.name, f.n, math.MaxInt32)
		}
	}
	return nil
}

func wholeTimeouts(t ulvs.Timeouts) error {
	for _, n := range []int{t.TCP, t.TCPFin, t.UDP} {
		if n < 0 || n > maxTimeout {
			return fmt.Errorf("timeout %d: want 0 to %d seconds, 0 to leave it", n, maxTimeout)
		}
	}
	return nil
}

func wholeSysctl(s ulvs.Sysctl) error {
	if s.Name == "" || s.Value == "" {
		return fmt.Errorf("which sysctl? want name and value")
	}
	return nil
}

// plain reports whether a is an address and a port, without a zone.
func plain(a netip.AddrPort) bool { return a.IsValid() && a.Addr().Zone() == "" }
