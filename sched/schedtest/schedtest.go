// SPDX-License-Identifier: Apache-2.0

// Package schedtest examines any scheduler: what every caller relies on,
// whatever the algorithm.
package schedtest

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/ulvs/ulvs/packet"
	"github.com/ulvs/ulvs/sched"
)

// Test examines the scheduler of that name: three lines in a test, and the
// algorithm's own vectors beside it.
func Test(t *testing.T, name string) {
	t.Run("empty", func(t *testing.T) { empty(t, name) })
	t.Run("nobody eligible", func(t *testing.T) { nobody(t, name) })
	t.Run("one", func(t *testing.T) { one(t, name) })
	t.Run("repeatable", func(t *testing.T) { repeatable(t, name) })
	t.Run("no allocation", func(t *testing.T) { noAllocation(t, name) })
	t.Run("any order", func(t *testing.T) {
		for seed := range uint64(50) {
			Play(t, name, script(seed, 300))
		}
	})
}

// New is the scheduler of that name with a fixed seed.
func New(t testing.TB, name string) sched.Scheduler {
	t.Helper()
	s, err := sched.New(name, sched.Env{Rand: rand.New(rand.NewPCG(1, 2))})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Servers are n new ones of weight 1, at 10.0.0.1:80 and following.
func Servers(n int) []*sched.Server {
	list := make([]*sched.Server, n)
	for i := range list {
		list[i] = &sched.Server{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i + 1)}), 80)}
		list[i].Edited(1, 0, 0)
	}
	return list
}

// keepers are schedulers that, as the kernel's do, leave a destination that
// they remember with its server though that one is overloaded by its
// thresholds.
var keepers = map[string]bool{"lblc": true}

// Request is one from the i-th of many clients to the i-th of many
// destinations, as a service by firewall mark has them.
func Request(i int) sched.Request {
	var r sched.Request
	r.Flow.Proto = packet.ProtoTCP
	r.Flow.Src = packet.EndpointFrom(netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), uint16(1024+i)))
	r.Flow.Dst = packet.EndpointFrom(netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}), 80))
	return r
}

func empty(t *testing.T, name string) {
	s := New(t, name)
	s.Update(nil, sched.Change{})
	if got := s.Pick(Request(1)); got != nil {
		t.Errorf("an empty list gave %v", got.Addr)
	}
}

func nobody(t *testing.T, name string) {
	s, list := New(t, name), Servers(2)
	list[0].Edited(0, 0, 0)
	list[1].Edited(1, 1, 0)
	list[1].Bind(true)
	s.Update(list, sched.Change{})
	for i := range 10 {
		if got := s.Pick(Request(i)); got != nil {
			t.Fatalf("%v has weight %d, overloaded %v, and was picked", got.Addr, got.Weight, got.Overloaded())
		}
	}
	list[1].Unbind(true)
	if !eventually(s, list[1]) {
		t.Error("after the overload nobody is picked")
	}
}

func one(t *testing.T, name string) {
	s, list := New(t, name), Servers(1)
	s.Update(nil, sched.Change{})
	s.Update(list, sched.Change{Kind: sched.Add, Server: list[0]})
	if !eventually(s, list[0]) {
		t.Error("the only server is never picked")
	}
}

// eventually asks for many clients: some schedulers leave a client without a
// server where others would find one.
func eventually(s sched.Scheduler, want *sched.Server) bool {
	for i := range 100 {
		if s.Pick(Request(i)) == want {
			return true
		}
	}
	return false
}

func repeatable(t *testing.T, name string) {
	first := Play(t, name, script(7, 500))
	if second := Play(t, name, script(7, 500)); !slices.Equal(first, second) {
		t.Error("the same requests and the same seed gave other picks")
	}
}

func noAllocation(t *testing.T, name string) {
	s, list := New(t, name), Servers(8)
	s.Update(list, sched.Change{})
	i := 0
	if n := testing.AllocsPerRun(100, func() { s.Pick(Request(i)); i++ }); n != 0 {
		t.Errorf("Pick allocates %v times", n)
	}
}
