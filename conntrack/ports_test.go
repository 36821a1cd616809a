// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/ulvs/ulvs/packet"
)

func pairOf(local, server string, proto uint8) Pair {
	return Pair{
		Local: packet.AddrFrom(netip.MustParseAddr(local)), Proto: proto,
		Server: packet.EndpointFrom(netip.MustParseAddrPort(server)),
	}
}

var pairs = []Pair{
	pairOf("10.0.0.200", "10.0.0.1:80", packet.ProtoTCP),
	pairOf("10.0.0.201", "10.0.0.1:80", packet.ProtoTCP),
	pairOf("10.0.0.200", "10.0.0.2:80", packet.ProtoTCP),
	pairOf("10.0.0.200", "10.0.0.1:80", packet.ProtoUDP),
}

// A slowPool is a pool written so that one sees that it is right: each port
// says what it is, and one after the other is asked.
type slowPool struct {
	lent, resting [1 << 16]bool
	next          uint16
}

func (s *slowPool) take(shut func(uint16) bool) (uint16, bool) {
	for range 2 * numPorts {
		port := s.next
		if s.next++; s.next == 0 {
			s.next = FirstPort
		}
		if s.lent[port] || shut(port) || s.resting[port] {
			s.resting[port] = false
			continue
		}
		s.lent[port] = true
		return port, true
	}
	return 0, false
}

func (s *slowPool) give(port uint16) {
	if s.lent[port] {
		s.lent[port] = false
		turns := (int(port) - int(s.next) + numPorts) % numPorts // until its own
		s.resting[port] = turns < numPorts/2
	}
}

func hostsOwn(port uint16) bool { return 32768 <= port && port <= 60999 }

// TestPortsTwin lives random lives with few ports free and with many, where the
// host has ports of its own and where not.
func TestPortsTwin(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 1))
		x := NewPorts(r)
		x.Bar(1500, 65535) // few enough to go around
		barred := seed%2 == 1
		shut := func(port uint16) bool { return barred && port >= 1500 }
		first, _ := x.Take(pairs[0], barred)
		twin := &slowPool{next: first}
		twin.take(shut)
		held := []uint16{first}
		for range 4_000 {
			if r.IntN(100) < 40+int(seed)*3 {
				at := r.IntN(max(len(held), 1))
				if len(held) == 0 {
					continue
				}
				x.Give(pairs[0], held[at])
				twin.give(held[at])
				held[at] = held[len(held)-1]
				held = held[:len(held)-1]
				continue
			}
			got, ok := x.Take(pairs[0], barred)
			want, wantOK := twin.take(shut)
			if got != want && ok || ok != wantOK {
				t.Fatalf("seed %d: port %d, %v; the twin's %d, %v", seed, got, ok, want, wantOK)
			}
			if ok {
				held = append(held, got)
			}
		}
		if n := x.Lent()[pairs[0].Local]; n != len(held) {
			t.Errorf("seed %d: %d are lent, want %d", seed, n, len(held))
		}
	}
}

// TestPortsAll: every port of a pair is lent once; then there is none, until
// one comes back.
func TestPortsAll(t *testing.T) {
	for _, barred := range []bool{false, true} {
		x := NewPorts(rand.New(rand.NewPCG(7, 7)))
		x.Bar(32768, 60999)
		seen := map[uint16]bool{}
		for {
			port, ok := x.Take(pairs[0], barred)
			if !ok {
				break
			}
			if seen[port] || port < FirstPort || barred && hostsOwn(port) {
				t.Fatalf("port %d, barred %v", port, barred)
			}
			seen[port] = true
		}
		if want := map[bool]int{false: 64512, true: 64512 - 28232}[barred]; len(seen) != want {
			t.Errorf("barred %v: %d ports, want %d", barred, len(seen), want)
		}
		x.Give(pairs[0], 2000)
		x.Give(pairs[0], 2000) // twice is once
		if port, ok := x.Take(pairs[0], barred); !ok || port != 2000 {
			t.Errorf("after 2000 came back: %d, %v", port, ok)
		}
		if _, ok := x.Take(pairs[0], barred); ok {
			t.Error("one port came back, two were lent")
		}
	}
}

// TestPortsRest: a port that comes back just before its turn rests until all
// others have had theirs.
func TestPortsRest(t *testing.T) {
	x := NewPorts(rand.New(rand.NewPCG(3, 3)))
	first, _ := x.Take(pairs[0], false)
	for range numPorts - 1 { // a whole round, each given back at once
		port, _ := x.Take(pairs[0], false)
		x.Give(pairs[0], port)
	}
	x.Give(pairs[0], first) // whose turn is now
	for range numPorts - 1 {
		port, ok := x.Take(pairs[0], false)
		if !ok || port == first {
			t.Fatalf("port %d, %v: it has not rested", port, ok)
		}
		x.Give(pairs[0], port)
	}
}

// TestPairsAreApart: all of one pair's ports do not take any from another's.
func TestPairsAreApart(t *testing.T) {
	x := NewPorts(rand.New(rand.NewPCG(5, 5)))
	for ok := true; ok; {
		_, ok = x.Take(pairs[0], false)
	}
	for _, at := range pairs[1:] {
		if _, ok := x.Take(at, false); !ok {
			t.Errorf("%v has none", at)
		}
	}
}

// TestForget: what is in use is never forgotten.
func TestForget(t *testing.T) {
	x := NewPorts(rand.New(rand.NewPCG(5, 5)))
	port, _ := x.Take(pairs[0], false)
	other, _ := x.Take(pairs[1], false)
	x.Give(pairs[1], other)
	x.Forget(func(Pair) bool { return false })
	if len(x.pools) != 1 || x.Lent()[pairs[0].Local] != 1 {
		t.Errorf("%d pools, %v", len(x.pools), x.Lent())
	}
	x.Give(pairs[0], port)
	x.Give(pairs[1], other) // of a pair that is forgotten: nothing
	if len(x.Lent()) != 0 {
		t.Errorf("%v", x.Lent())
	}
	x.Forget(func(p Pair) bool { return p == pairs[0] })
	if len(x.pools) != 1 {
		t.Error("a pair that is wanted was forgotten")
	}
}

func TestPortsDoNotAllocate(t *testing.T) {
	x := NewPorts(rand.New(rand.NewPCG(5, 5)))
	x.Take(pairs[0], false)
	if n := testing.AllocsPerRun(1000, func() {
		port, _ := x.Take(pairs[0], false)
		x.Give(pairs[0], port)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkTake(b *testing.B) {
	for _, free := range []int{numPorts, 1, 0} {
		b.Run(map[int]string{numPorts: "all free", 1: "one free", 0: "none free"}[free], func(b *testing.B) {
			x := NewPorts(rand.New(rand.NewPCG(5, 5)))
			for range numPorts - free {
				x.Take(pairs[0], false)
			}
			if free == 0 {
				x.pools[pairs[0]].count-- // as where ports are barred: it has to look
			}
			for b.Loop() {
				if port, ok := x.Take(pairs[0], false); ok {
					x.Give(pairs[0], port)
				}
			}
		})
	}
}
