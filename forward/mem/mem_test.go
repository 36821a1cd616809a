// SPDX-License-Identifier: Apache-2.0

package mem_test

import (
	"testing"

	"github.com/ulvs/ulvs/forward"
	"github.com/ulvs/ulvs/forward/linktest"
	"github.com/ulvs/ulvs/forward/mem"
	"github.com/ulvs/ulvs/packet"
)

// A far is the other end of a wire in memory.
type far struct{ near, end *mem.Link }

func (f far) MAC() packet.MAC             { return packet.MAC{2, 0, 0, 0, 0, 1} }
func (f far) Inject(p packet.Packet)      { f.end.Inject(p) }
func (f far) Take() (packet.Packet, bool) { return f.end.Take() }
func (f far) SetUp(up bool)               { f.near.SetUp(up) }
func (f far) Remove()                     { f.near.Remove() }

func TestLink(t *testing.T) {
	linktest.Test(t, func(*testing.T) (forward.Link, linktest.Far) {
		a, b := mem.Pipe(512)
		return a, far{a, b}
	})
}

// TestFull: a wire is bounded, and what is lent takes room until it is back.
func TestFull(t *testing.T) {
	a, b := mem.Pipe(2)
	p := packet.Packet{Buf: make([]byte, 60), End: 60}
	for i, want := range []packet.Drop{packet.None, packet.None, packet.LinkFull} {
		if got := a.Inject(p); got != want {
			t.Errorf("frame %d: %v, want %v", i, got, want)
		}
	}
	batch := make([]packet.Packet, 1)
	if n, err := b.Recv(batch); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if got := a.Inject(p); got != packet.LinkFull {
		t.Errorf("one frame is lent, the other waits, and a third got in: %v", got)
	}
	if n, err := b.Recv(nil); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	if got := a.Inject(p); got != packet.None {
		t.Errorf("one frame was given back, and no other got in: %v", got)
	}
}

// TestMark: a wire in memory carries firewall marks, as no real one can.
func TestMark(t *testing.T) {
	a, b := mem.Pipe(1)
	a.Inject(packet.Packet{Buf: make([]byte, 60), End: 60, Mark: 7})
	if p, ok := b.Take(); !ok || p.Mark != 7 {
		t.Errorf("got %v with mark %d, want mark 7", ok, p.Mark)
	}
}
