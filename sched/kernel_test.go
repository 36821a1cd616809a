// SPDX-License-Identifier: Apache-2.0

package sched_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
	"github.com/ulvs/ulvs/sched"
	"github.com/ulvs/ulvs/sched/schedtest"
)

// What the IPVS of a real kernel was seen to do: see testdata/record.go. The
// numbers are what the recordings hold at least.

func TestKernel(t *testing.T)          { playback(t, "testdata/kernel.txt", 5000) }
func TestKernelHash(t *testing.T)      { playback(t, "testdata/kernel-hash.txt", 5000) }
func TestKernelHeavy(t *testing.T)     { playback(t, "testdata/kernel-heavy.txt", 5000) }
func TestKernelCollector(t *testing.T) { playback(t, "testdata/kernel-gc.txt", 40000) }

func playback(t *testing.T, file string, least int) {
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, scripts, _ := strings.Cut(string(b), "\n\n")
	if !strings.Contains(head, "Linux version") {
		t.Errorf("nobody knows which kernel this was: %s", head)
	}
	picks := 0
	for i, text := range strings.Split(scripts, "\n\n") {
		name, rest, _ := strings.Cut(strings.TrimSpace(text), "\n")
		t.Run(fmt.Sprintf("%d %s", i+1, name), func(t *testing.T) {
			r := newReplay(t, strings.Fields(name))
			for line := range strings.Lines(rest) {
				r.line(strings.Fields(line))
			}
			picks += len(r.conns)
		})
	}
	if picks < least {
		t.Errorf("only %d picks: is the recording whole?", picks)
	}
}

// A replay is a recorded service that lives again.
type replay struct {
	*service
	t        *testing.T
	tcp      bool
	conns    []conn
	settings sched.Settings
	request  sched.Request
}

// A conn is one of the picks, in their order.
type conn struct {
	server *sched.Server // nil: nobody could take it
	active bool
}

// newReplay is of a first line: scheduler NAME PROTOCOL.
func newReplay(t *testing.T, words []string) *replay {
	r := &replay{t: t, service: newService(t, words[1]), tcp: words[2] == "tcp", settings: sched.DefaultSettings()}
	s, err := sched.New(words[1], sched.Env{Rand: rand.New(rand.NewPCG(1, 2)), Settings: &r.settings})
	if err != nil {
		t.Fatal(err)
	}
	s.Update(nil, sched.Change{})
	r.sched, r.request = s, schedtest.Request(0)
	if !r.tcp {
		r.request.Flow.Proto = packet.ProtoUDP
	}
	return r
}

func (r *replay) line(words []string) {
	switch name, args := words[1], words[1:]; words[0] {
	case "servers":
		r.first = netip.AddrPortFrom(netip.MustParseAddr(name), uint16(r.numbers(args[1:])[0]))
	case "add":
		n := r.numbers(words[2:])
		r.add(name, n[0], n[1], n[2])
	case "edit":
		n := r.numbers(words[2:])
		r.edit(name, n[0], n[1], n[2])
	case "del":
		r.del(name)
	case "flags":
		r.request.Flags = sched.Flags(r.numbers(args)[0])
	case "expiration":
		r.settings.LBLCRExpiration = milliseconds(r.numbers(args)[0])
	case "pick":
		for _, w := range args {
			r.pick(w)
		}
	case "ask":
		r.ask(args)
	case "fill":
		n := r.numbers(args)
		r.sweep(n[0], n[1], strings.Repeat("A", (30000+n[1]-1)/n[1]))
	case "see":
		n := r.numbers(args[:2])
		r.sweep(n[0], n[1], args[2])
	case "fin":
		r.fin(r.numbers(args)[0])
	case "expire":
		for _, n := range r.numbers(args) {
			r.conns[n].server.Unbind(r.conns[n].active)
		}
	case "count":
		n, d := r.numbers(words[2:]), r.server(name)
		if d.Active() != n[0] || d.Inactive() != n[1] {
			r.t.Errorf("%s counts %d active, %d inactive; the kernel %d, %d", name, d.Active(), d.Inactive(), n[0], n[1])
		}
	default:
		r.t.Fatalf("line %q: what is that?", words)
	}
}

func milliseconds(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// ask is a pick with all that may sway it: millisecond, client, destination,
// and whom the kernel picked.
func (r *replay) ask(words []string) {
	r.request.Now = milliseconds(r.numbers(words[:1])[0])
	r.request.Flow.Src = packet.EndpointFrom(netip.MustParseAddrPort(words[1]))
	r.request.Flow.Dst.Addr = packet.AddrFrom(netip.MustParseAddr(words[2]))
	r.pick(words[3])
}

// sweep asks for every step-th of the destinations 10.254.0.0 and following.
func (r *replay) sweep(at, step int, servers string) {
	r.request.Now = milliseconds(at)
	for i, letter := range servers {
		n := i * step
		r.request.Flow.Dst.Addr = packet.AddrFrom(netip.AddrFrom4([4]byte{10, 254, byte(n >> 8), byte(n)}))
		r.pick(string(letter))
	}
}

func (r *replay) pick(want string) {
	d := r.sched.Pick(r.request)
	if r.names[d] != want {
		r.t.Fatalf("number %d of all is %s, want %s; %+v", len(r.conns), r.names[d], want, r.request)
	}
	if d != nil {
		d.Bind(false)
		if r.tcp { // its SYN makes it active at once
			d.Activate()
		}
	}
	r.conns = append(r.conns, conn{d, r.tcp})
}

func (r *replay) fin(n int) {
	r.conns[n].server.Deactivate()
	r.conns[n].active = false
}

func (r *replay) numbers(words []string) []int {
	out := make([]int, len(words))
	for i, w := range words {
		n, err := strconv.Atoi(w)
		if err != nil {
			r.t.Fatal(err)
		}
		out[i] = n
	}
	return out
}
