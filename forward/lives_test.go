// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/sched"
)

// A life is an engine to which everything happens that may: packets of all
// kinds, commands in any order, a guard that fails.
type life struct {
	*bench
	*rand.Rand
}

func one[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// Few of each, so that they meet.
func (l *life) vip() string {
	return one(l.Rand, "192.0.2.1", "192.0.2.1", "192.0.2.77", "203.0.113.80")
}
func (l *life) port() int      { return one(l.Rand, 0, 20, 21, 80, 5060, 2000) }
func (l *life) client() string { return fmt.Sprintf("198.51.100.%d", 7+l.IntN(3)) }
func (l *life) far() int       { return one(l.Rand, 0, 20, 1001, 1002, 1003, 5060) }

func (l *life) service() ulvs.Service {
	s := ulvs.Service{
		ID:        ulvs.ID{Proto: one(l.Rand, ulvs.TCP, ulvs.UDP, ulvs.SCTP), Addr: netip.MustParseAddrPort(fmt.Sprintf("%s:%d", l.vip(), l.port()))},
		Scheduler: one(l.Rand, append(sched.Names(), "rr", "wlc", "none")...),
		Persist:   one(l.Rand, 0, 0, 1, 60, 400),
		OnePacket: l.IntN(3) == 0,
		Engine:    one(l.Rand, "", "sip"),
	}
	if l.IntN(3) == 0 {
		s.ID = ulvs.ID{Addr: netip.MustParseAddrPort("0.0.0.0:0"), Mark: one[uint32](l.Rand, 1, 2)}
	}
	if l.IntN(2) == 0 {
		s.Locals = "10.0.0.100"
	}
	if l.IntN(3) == 0 {
		s.Mask = netip.MustParseAddr(one(l.Rand, "255.255.255.0", "0.0.0.255", "128.0.0.1"))
	}
	return s
}

func (l *life) rule() (r ulvs.MarkRule) {
	r.Dst = netip.MustParsePrefix(one(l.Rand, "192.0.2.1/32", "192.0.2.0/24", "0.0.0.0/0"))
	r.Mask = one[uint32](l.Rand, 1, 3, 0xffffffff, 0x80000002)
	r.Mark = one[uint32](l.Rand, 1, 2, 3) & r.Mask
	if l.IntN(2) == 0 {
		r.Proto, r.Ports[0] = ulvs.UDP, ulvs.PortRange{First: 80, Last: 6000}
	}
	return r
}

func (l *life) command() (c ulvs.Command) {
	c.Verb = one(l.Rand, ulvs.AddService, ulvs.AddService, ulvs.AddService, ulvs.EditService, ulvs.EditService,
		ulvs.DeleteService, ulvs.AddServer, ulvs.AddServer, ulvs.AddServer, ulvs.AddServer, ulvs.EditServer, ulvs.DeleteServer,
		ulvs.SetSysctl, ulvs.AddMark, ulvs.DeleteMark, ulvs.SetTimeouts, ulvs.Zero)
	c.Service = l.service()
	if n := len(l.book.services); n > 0 && c.Verb != ulvs.AddService {
		c.Service.ID = l.book.services[l.IntN(n)].ID
	}
	c.Server.Addr = netip.MustParseAddrPort(fmt.Sprintf("10.0.0.%d:%d", 1+l.IntN(4), one(l.Rand, 0, 80, 5060)))
	c.Server.Mode, c.Server.Weight = one(l.Rand, "nat", "nat", "dr", "tun", "fullnat"), one(l.Rand, 0, 1, 1, 2, 1<<31-1)
	c.Server.Upper = one(l.Rand, 0, 0, 1, 3)
	k := one(l.Rand, knobs...)
	c.Sysctl = ulvs.Sysctl{Name: k.name, Value: strconv.Itoa(one(l.Rand, 0, 0, 1, 2, 3, -1, k.min, k.max))}
	c.Mark = l.rule()
	c.Timeouts = ulvs.Timeouts{TCP: l.IntN(3), TCPFin: l.IntN(100), UDP: one(l.Rand, 0, 1, 31*24*3600)}
	return c
}

// packet is a line, and the port it comes by.
func (l *life) packet() (int, string) {
	call := ""
	if l.IntN(2) == 0 {
		call = fmt.Sprintf(` data "INVITE x\r\nCall-ID: %d\r\n"`, l.IntN(4))
	}
	says := one(l.Rand, "tcp S", "tcp S", "tcp A", "tcp FA", "tcp R", "tcp SA", "udp", "udp"+call, "udp"+call,
		"sctp INIT", "sctp ABORT", "sctp DATA", "udp len 1000 id 7 frag 0+")
	client, vip := fmt.Sprintf("%s:%d", l.client(), l.far()), fmt.Sprintf("%s:%d", l.vip(), l.port())
	server := fmt.Sprintf("10.0.0.%d:%d", 1+l.IntN(4), one(l.Rand, 0, 80, 5060))
	switch l.IntN(6) {
	case 0:
		return 1, server + " > " + client + " " + says
	case 1:
		bad := one(l.Rand, "", "", " sum bad")
		return 0, "203.0.113.9 > " + l.vip() + " icmp port-unreachable { " + vip + " > " + client + " " + one(l.Rand, "tcp A", "udp", "udp") + " }" + bad
	case 2:
		return 1, "10.0.0.2 > " + l.client() + " icmp port-unreachable { " + client + " > " + server + " " + one(l.Rand, "tcp A", "udp") + " }"
	case 3:
		return 0, l.client() + " > " + l.vip() + " udp len 100 id 7 frag 1008"
	}
	return 0, client + " > " + vip + " " + says
}

// step lets something happen.
func (l *life) step() {
	l.t.Helper()
	l.fail = nil
	if l.IntN(10) == 0 {
		l.fail = errors.New("the guard fails")
	}
	switch n := l.IntN(100); {
	case n < 12:
		list := func(yield func(ulvs.Command) bool) {
			for range 1 + l.IntN(3) {
				if !yield(l.command()) {
					return
				}
			}
		}
		_ = l.Apply(l.t.Context(), list, func(_ int, err error) error { return nil })
	case n < 13:
		_ = l.Do(l.t.Context(), ulvs.Command{Verb: ulvs.Flush})
	case n < 20:
		l.now += time.Duration(l.IntN(40_000)) * time.Millisecond
	case n < 21:
		l.now += time.Duration(l.IntN(1000)) * time.Second
	case n < 25:
		_ = l.Tick(l.now)
	default:
		port, line := l.packet()
		l.in(port, line)
	}
}

// counts compares what each server is said to have with what the table holds.
func (l *life) counts() {
	l.t.Helper()
	type tally struct{ active, inactive, templates int }
	want := map[uint32]tally{}
	for c := range l.w.table.All() {
		n := want[c.Owner]
		switch {
		case c.Flags&conntrack.Template != 0:
			n.templates++
		case c.Flags&conntrack.Inactive != 0:
			n.inactive++
		default:
			n.active++
		}
		want[c.Owner] = n
		if c.Owner != nobody && l.w.cfg.dests[c.Owner] == nil {
			l.t.Fatalf("%v belongs to server %d, whom nobody knows", c.Path, c.Owner)
		}
	}
	for num, d := range l.w.cfg.dests {
		if d == nil {
			continue
		}
		if got := (tally{d.Active(), d.Inactive(), d.Templates()}); got != want[uint32(num)] {
			l.t.Fatalf("server %d %v counts %+v, the table holds %+v", num, d.Addr, got, want[uint32(num)])
		}
	}
	if none, n := l.w.cfg.none, want[nobody]; none.Active() != n.active || none.Inactive() != n.inactive {
		l.t.Fatalf("nobody counts %d and %d, the table holds %+v", none.Active(), none.Inactive(), n)
	}
}

// end deletes everything, and waits until all is forgotten.
func (l *life) end() {
	l.t.Helper()
	l.fail = nil
	if err := l.Do(l.t.Context(), ulvs.Command{Verb: ulvs.Flush}); err != nil {
		l.t.Fatal(err)
	}
	for range 200 {
		l.now += 24 * time.Hour
		l.in(1, "10.0.0.3:9 > 198.51.100.99:9 udp") // time passes
		if err := l.Tick(l.now); err != nil {
			l.t.Fatal(err)
		}
	}
	l.counts()
	for num, d := range l.book.dests {
		if d != nil {
			l.t.Errorf("server %d %v is not forgotten", num, d.Addr)
		}
	}
	if n := l.w.table.Len(); n != 0 || len(l.book.trash.dests) != 0 {
		l.t.Errorf("%d connections and %d deleted servers are left", n, len(l.book.trash.dests))
	}
	if g := l.set; len(g.Virtual)+len(g.Real)+len(g.Held) != 0 {
		l.t.Errorf("the guard still takes %+v", g)
	}
}

// Whatever happens, counts are what the table holds, and nothing is left in the
// end.
func TestLives(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			l := life{bench: newBench(t), Rand: rand.New(rand.NewPCG(seed, 3))}
			for range 600 {
				l.step()
				l.counts()
			}
			l.end()
		})
	}
}
