// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"context"
	"iter"
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs"
)

// A kernel is a director that answers as the kernel does, as far as ipvsadm
// can see it; it forwards nothing.
type kernel struct {
	services []ulvs.ServiceStatus
	conns    []ulvs.Conn
	timeouts ulvs.Timeouts
	last     *ulvs.ServiceStatus // that observe read
}

// newKernel is one that nobody has touched.
func newKernel() *kernel {
	return &kernel{timeouts: ulvs.Timeouts{TCP: 900, TCPFin: 120, UDP: 300}}
}

func (k *kernel) dial(context.Context) (ulvs.Director, error) { return k, nil }

func (k *kernel) Info(context.Context) (ulvs.Info, error) {
	return ulvs.Info{Version: [3]int{1, 2, 1}, Size: 4096, Timeouts: k.timeouts}, nil
}

func (k *kernel) Conns(context.Context) iter.Seq2[ulvs.Conn, error] {
	return func(yield func(ulvs.Conn, error) bool) {
		for _, c := range k.conns {
			if !yield(c, nil) {
				return
			}
		}
	}
}

func (k *kernel) Sysctls(context.Context) ([]ulvs.Sysctl, error) { return nil, nil }

func (k *kernel) Marks(context.Context) ([]ulvs.MarkRule, error) { return nil, nil }

func (k *kernel) Apply(ctx context.Context, lines iter.Seq[ulvs.Command], report func(int, error) error) error {
	n := 0
	for c := range lines {
		n++
		if err := report(n, k.Do(ctx, c)); err != nil {
			return err
		}
	}
	return nil
}

func (k *kernel) List(_ context.Context, q ulvs.Query) iter.Seq2[ulvs.ServiceStatus, error] {
	return func(yield func(ulvs.ServiceStatus, error) bool) {
		found := q == ulvs.Query{}
		for _, s := range k.services {
			if q == (ulvs.Query{}) || q.ID == s.ID {
				found = true
				s.Servers = slices.Clone(s.Servers)
				if !yield(s, nil) {
					return
				}
			}
		}
		if !found {
			yield(ulvs.ServiceStatus{}, ulvs.ErrNoService)
		}
	}
}

func (k *kernel) Do(_ context.Context, c ulvs.Command) error {
	at := slices.IndexFunc(k.services, func(s ulvs.ServiceStatus) bool { return s.ID == c.Service.ID })
	switch c.Verb {
	case ulvs.Flush:
		k.services = nil
		return nil
	case ulvs.SetTimeouts:
		k.setTimeouts(c.Timeouts)
		return nil
	case ulvs.AddService:
		if at >= 0 {
			return ulvs.ErrServiceExists
		}
		if err := known(c.Service); err != nil {
			return err
		}
		k.services = slices.Insert(k.services, 0, ulvs.ServiceStatus{Service: c.Service})
		return nil
	case ulvs.Zero:
		if c.Service.ID == (ulvs.ID{}) {
			return nil
		}
	}
	if at < 0 {
		return ulvs.ErrNoService
	}
	switch c.Verb {
	case ulvs.EditService:
		if err := known(c.Service); err != nil {
			return err
		}
		k.services[at].Service = c.Service
	case ulvs.DeleteService:
		k.services = slices.Delete(k.services, at, at+1)
	case ulvs.AddServer, ulvs.EditServer, ulvs.DeleteServer:
		return changeServer(&k.services[at].Servers, c)
	}
	return nil
}

// setTimeouts leaves alone what is zero.
func (k *kernel) setTimeouts(t ulvs.Timeouts) {
	for _, f := range []struct{ to, from *int }{{&k.timeouts.TCP, &t.TCP}, {&k.timeouts.TCPFin, &t.TCPFin}, {&k.timeouts.UDP, &t.UDP}} {
		if *f.from != 0 {
			*f.to = *f.from
		}
	}
}

func changeServer(servers *[]ulvs.ServerStatus, c ulvs.Command) error {
	at := slices.IndexFunc(*servers, func(s ulvs.ServerStatus) bool { return s.Addr == c.Server.Addr })
	switch {
	case c.Verb != ulvs.DeleteServer && c.Server.Lower > c.Server.Upper:
		return ulvs.ErrRange
	case c.Verb == ulvs.AddServer && at >= 0:
		return ulvs.ErrServerExists
	case c.Verb == ulvs.AddServer && !unicast(c.Server.Addr.Addr()):
		return ulvs.ErrInvalid
	case c.Verb == ulvs.AddServer:
		*servers = slices.Insert(*servers, 0, ulvs.ServerStatus{Server: c.Server})
	case at < 0:
		return ulvs.ErrNoServer
	case c.Verb == ulvs.EditServer:
		(*servers)[at].Server = c.Server
	default:
		*servers = slices.Delete(*servers, at, at+1)
	}
	return nil
}

// known refuses a scheduler, and then an engine, that the kernel has not.
func known(s ulvs.Service) error {
	switch {
	case !slices.Contains([]string{"rr", "wrr", "lc", "wlc", "sh", "mh"}, s.Scheduler):
		return ulvs.ErrNoScheduler
	case s.Engine != "" && s.Engine != "sip":
		return ulvs.ErrNoEngine
	}
	return nil
}

// unicast refuses link-local IPv6 as well: the kernel wants a route to it, which
// needs an interface.
func unicast(a netip.Addr) bool {
	return !a.IsMulticast() && !(a.Is6() && a.IsLinkLocalUnicast()) && !a.IsUnspecified() && a != netip.MustParseAddr("255.255.255.255")
}
