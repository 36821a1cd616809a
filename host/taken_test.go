// SPDX-License-Identifier: Apache-2.0

package host

import (
	"testing"

	"github.com/ulvs/ulvs/packet"
)

// TestTakes asks the predicate; TestGuard plays the same table to the kernel.
func TestTakes(t *testing.T) {
	taken := Compile(guardSet())
	for i, c := range casts {
		for _, k := range guardCases(c) {
			p := lent(frame(packet.MAC{2}, packet.MAC{4}, k.bytes()), true)
			if why := p.Parse(); why != packet.None {
				t.Errorf("IPv%s: %s: not read: %v", layouts[i].suffix, k.name, why)
			}
			want := k.taken()
			if got := taken.Takes(p); got != want {
				t.Errorf("IPv%s: %s: taken: %v, want %v", layouts[i].suffix, k.name, got, want)
			}
			if p.ToUs = false; taken.Takes(p) {
				t.Errorf("IPv%s: %s: taken, though addressed to others", layouts[i].suffix, k.name)
			}
		}
	}
}

func TestTakesLeavesARP(t *testing.T) {
	b := frame(packet.MAC{2}, packet.MAC{4}, make([]byte, 28))
	b[12], b[13] = packet.TypeARP>>8, packet.TypeARP&0xff
	p := lent(b, true)
	p.Parse()
	if Compile(guardSet()).Takes(p) {
		t.Error("ARP is taken")
	}
}

func TestTakesDoesNotAllocate(t *testing.T) {
	taken := Compile(guardSet())
	var list []*packet.Packet
	for _, c := range casts {
		for _, k := range guardCases(c) {
			p := lent(frame(packet.MAC{2}, packet.MAC{4}, k.bytes()), true)
			p.Parse()
			list = append(list, p)
		}
	}
	n := testing.AllocsPerRun(10, func() {
		for _, p := range list {
			taken.Takes(p)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzTakes(f *testing.F) {
	for _, c := range casts {
		for _, k := range guardCases(c) {
			f.Add(frame(packet.MAC{2}, packet.MAC{4}, k.bytes()))
		}
	}
	taken := Compile(guardSet())
	f.Fuzz(func(t *testing.T, b []byte) {
		p := lent(b, true)
		if p.Parse() == packet.None {
			taken.Takes(p) // must not panic
		}
	})
}
