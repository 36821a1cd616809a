// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// fragment is one of the datagram with that id.
func fragment(which packet.Frag, id uint32) *packet.Packet {
	p := &packet.Packet{Frag: which, ID: id, Flow: packet.Flow{
		Src: end("198.51.100.7:0"), Dst: end("192.0.2.1:0"), Proto: packet.ProtoUDP,
	}}
	if which != packet.Later {
		p.Flow.Src.Port, p.Flow.Dst.Port = uint16(id)+1, 53
	}
	return p
}

// knows reports whether the ports of a datagram are remembered, and right.
func knows(t *testing.T, f *Fragments, id uint32, now time.Duration) bool {
	t.Helper()
	p := fragment(packet.Later, id)
	if !f.Recall(p, now) {
		return false
	}
	if p.Flow.Src.Port != uint16(id)+1 || p.Flow.Dst.Port != 53 {
		t.Errorf("id %d: ports %d > %d", id, p.Flow.Src.Port, p.Flow.Dst.Port)
	}
	return true
}

func TestFragments(t *testing.T) {
	f := NewFragments(1)
	f.Remember(fragment(packet.First, 7), 0)
	if !knows(t, f, 7, 0) || !knows(t, f, 7, reassembly-1) {
		t.Error("forgotten too soon")
	}
	if knows(t, f, 7, reassembly) {
		t.Error("remembered for longer than 30 s")
	}
	if knows(t, f, 8, 0) {
		t.Error("another datagram's ports")
	}
}

// Every part of the key counts.
func TestFragmentsKey(t *testing.T) {
	f := NewFragments(1)
	f.Remember(fragment(packet.First, 7), 0)
	for i, change := range []func(*packet.Packet){
		func(p *packet.Packet) { p.Flow.Src.Addr[15]++ },
		func(p *packet.Packet) { p.Flow.Dst.Addr[15]++ },
		func(p *packet.Packet) { p.Flow.Proto = packet.ProtoTCP },
		func(p *packet.Packet) { p.ID += 1 << 16 },
		func(p *packet.Packet) { p.Frag = packet.Whole },
	} {
		p := fragment(packet.Later, 7)
		change(p)
		if f.Recall(p, 0) {
			t.Errorf("change %d: taken for the same datagram", i)
		}
	}
}

func TestFragmentsOnlyFirst(t *testing.T) {
	f := NewFragments(1)
	f.Remember(fragment(packet.Whole, 7), 0)
	f.Remember(fragment(packet.Later, 7), 0)
	if knows(t, f, 7, 0) {
		t.Error("remembered from what is no first fragment")
	}
}

// Identifications come round again: the newest datagram is meant.
func TestFragmentsNewest(t *testing.T) {
	f := NewFragments(1)
	old := fragment(packet.First, 7)
	old.Flow.Src.Port = 9
	f.Remember(old, 0)
	f.Remember(fragment(packet.First, 7), time.Second)
	if !knows(t, f, 7, reassembly) {
		t.Error("the newer one is not found")
	}
}

// Against a builtin map, with more datagrams than there is room for.
func TestFragmentsTwin(t *testing.T) {
	f, r := NewFragments(1), rand.New(rand.NewPCG(5, 0))
	when := map[uint32]int{} // the id's number in the order of arrival
	for i := range 5 * maxDatagrams {
		id := r.Uint32N(8 * maxDatagrams)
		f.Remember(fragment(packet.First, id), time.Duration(i))
		when[id] = i
		if i%7 == 0 {
			id = r.Uint32N(8 * maxDatagrams)
			at, known := when[id]
			want := known && i-at < maxDatagrams
			if knows(t, f, id, time.Duration(i)) != want {
				t.Fatalf("id %d, %d datagrams ago: want %v", id, i-at, want)
			}
		}
	}
}

func TestFragmentsNoAllocation(t *testing.T) {
	f, first, later := NewFragments(1), fragment(packet.First, 1), fragment(packet.Later, 1)
	if n := testing.AllocsPerRun(1000, func() { first.ID++; f.Remember(first, 0); f.Recall(later, 0) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
