// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/forward"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/ipvsadm"
	"github.com/ulvs/ulvs/packet"
)

// memory is the world of the engine alone, in virtual time.
type memory struct {
	engine *forward.Engine
	hoses  [ports]*hose
	now    time.Duration
	seen   forward.Status // at the last look
}

// room is how many connections a lesson may have.
const room = 1 << 12

// Memory plays a lesson on the engine in memory and in virtual time.
func Memory(ctx context.Context, l *Lesson) error {
	m, err := newMemory()
	if err != nil {
		return err
	}
	return errors.Join(l.Play(ctx, m), m.engine.Close())
}

func newMemory() (*memory, error) {
	m := &memory{}
	c := forward.Config{
		Host: host.Build(facts()),
		Max:  room,
		Now:  func() time.Duration { return m.now },
		Rand: rand.New(rand.NewPCG(1, 2)),
	}
	for port := range m.hoses {
		m.hoses[port] = &hose{name: portNames[port]}
		c.Links, c.Ports = append(c.Links, m.hoses[port]), append(c.Ports, ifIndex(port))
	}
	var err error
	if m.engine, err = forward.New(c); err != nil {
		return nil, err
	}
	_, err = m.turn()
	return m, err
}

// ifIndex is the number of the interface behind a port.
func ifIndex(port int) int { return port + 2 }

// facts are what the host of plan.go knows.
func facts() (f host.Facts) {
	f.Ephemeral = host.PortRange{First: 32768, Last: 60999} // Linux's, if nobody changed it
	for port, name := range portNames {
		f.Interfaces = append(f.Interfaces, host.Interface{
			Index: ifIndex(port), Name: name, MAC: portMAC(port), MTU: 1500,
			Up: true, Ether: true, Forwarding4: true, Forwarding6: true,
		})
	}
	for _, e := range plan {
		e.tell(&f)
	}
	return f
}

// tell adds what one family of a port has.
func (e end) tell(f *host.Facts) {
	to := func(dst netip.Prefix, gateway packet.Addr) host.RouteEntry {
		return host.RouteEntry{Dst: dst, Route: host.Route{IfIndex: ifIndex(e.port), Gateway: gateway}}
	}
	for _, a := range e.locals() {
		f.Addrs = append(f.Addrs, host.Address{IfIndex: ifIndex(e.port), Prefix: a})
	}
	f.Routes = append(f.Routes, to(e.own.Masked(), packet.Addr{}))
	if e.port == eth0 {
		f.Routes = append(f.Routes, to(netip.PrefixFrom(e.own.Addr(), 0).Masked(), packet.AddrFrom(e.router)))
	}
	for _, a := range e.neighbours() {
		f.Neighbours = append(f.Neighbours, host.Neighbour{
			IfIndex: ifIndex(e.port), Addr: packet.AddrFrom(a), MAC: mac(a), Permanent: true,
		})
	}
}

func (m *memory) Traits() Traits {
	return Traits{Name: "in memory", Virtual: true, Hostless: true}
}

func (m *memory) Run(ctx context.Context, args []string, in string) (Answer, error) {
	if !strings.HasPrefix(args[0], "ipvsadm") {
		return direct(ctx, m.engine, args)
	}
	var out, errs strings.Builder
	dial := func(context.Context) (ulvs.Director, error) { return m.engine, nil }
	code := ipvsadm.Main(ctx, args[0], args[1:], dial, strings.NewReader(in), &out, &errs)
	return Answer{out.String(), errs.String(), code}, nil
}

func (m *memory) Arrive(_ context.Context, port int, frame []byte) (Effect, error) {
	m.hoses[port].in = append(m.hoses[port].in, frame)
	return m.turn()
}

// Wait goes from second to second, as a live director's housekeeping does.
func (m *memory) Wait(_ context.Context, d time.Duration) (Effect, error) {
	for end := m.now + d; m.now < end; {
		m.now = min(m.now+time.Second, end)
		if err := m.engine.Tick(m.now); err != nil {
			return Effect{}, err
		}
		if _, err := m.engine.Turn(m.now); err != nil {
			return Effect{}, err
		}
	}
	return m.turn()
}

// turn lets the engine do what there is to do, and tells what it did.
func (m *memory) turn() (e Effect, err error) {
	for busy := true; busy; {
		if busy, err = m.engine.Turn(m.now); err != nil {
			return e, fmt.Errorf("turn: %w", err)
		}
	}
	for port, h := range m.hoses {
		e.Left[port], h.out = h.out, nil
	}
	was := m.seen
	m.seen = m.engine.Status()
	e.Counts = since(was, m.seen)
	return e, nil
}

// since are the reasons that were counted between two looks.
func since(was, is forward.Status) map[string]uint64 {
	counts := map[string]uint64{}
	for why, n := range is.Drops {
		if n > was.Drops[why] {
			counts[why] = n - was.Drops[why]
		}
	}
	if is.Passed > was.Passed {
		counts[passed] = is.Passed - was.Passed
	}
	return counts
}
