// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"reflect"
	"testing"
	"time"
	"unsafe"

	"github.com/ulvs/ulvs/packet"
)

func TestBothDirections(t *testing.T) {
	for name, n := range map[string]New{
		"nat":     nat(packet.ProtoTCP, 1000),
		"direct":  direct(packet.ProtoTCP, 1000),
		"fullnat": full(packet.ProtoTCP, 1000),
	} {
		tab := newTable(4)
		c := insert(t, tab, n, 0)
		for dir, f := range map[Dir]packet.Flow{In: in(n), Out: out(n)} {
			if got, d := tab.Lookup(&f); got != c || d != dir {
				t.Errorf("%s: %v > %v: got %p %d, want %p %d", name, f.Src, f.Dst, got, d, c, dir)
			}
			f.Proto = packet.ProtoUDP
			if got, _ := tab.Lookup(&f); got != nil {
				t.Errorf("%s: another protocol found it", name)
			}
		}
		tab.Delete(c)
		for _, f := range []packet.Flow{in(n), out(n)} {
			if got, _ := tab.Lookup(&f); got != nil {
				t.Errorf("%s: %v > %v found after Delete", name, f.Src, f.Dst)
			}
		}
	}
}

// A reply that was direct stays direct, also when NoOutput is gone.
func TestDirectReplyTwice(t *testing.T) {
	tab, n := newTable(4), direct(packet.ProtoTCP, 1000)
	c := insert(t, tab, n, 0)
	f := out(n)
	for range 2 {
		got, d := tab.Lookup(&f)
		if got != c || d != Out {
			t.Fatalf("reply with flags %#x not found", c.Flags)
		}
		tab.Track(c, d, packet.ACK, 0, 0)
	}
	if c.Flags&NoOutput != 0 {
		t.Error("a reply left NoOutput set")
	}
}

func TestNewestWins(t *testing.T) {
	tab, n := newTable(4), nat(packet.ProtoTCP, 1000)
	insert(t, tab, n, 0)
	second := insert(t, tab, n, 0)
	for _, f := range []packet.Flow{in(n), out(n)} {
		if got, _ := tab.Lookup(&f); got != second {
			t.Errorf("%v > %v: the older one was found", f.Src, f.Dst)
		}
	}
}

// The kernel's quirk: port 0 stands for "not known yet".
func TestClientPortZero(t *testing.T) {
	tab, n := newTable(4), nat(packet.ProtoUDP, 0)
	c := insert(t, tab, n, 0)
	f := in(n)
	if got, _ := tab.Lookup(&f); got != nil {
		t.Error("a packet from port 0 found its connection")
	}
	f = out(n)
	if got, _ := tab.Lookup(&f); got != c {
		t.Error("the reply to port 0 did not find its connection")
	}
}

func TestFull(t *testing.T) {
	tab := newTable(2)
	insert(t, tab, nat(packet.ProtoTCP, 1), 0)
	c := insert(t, tab, nat(packet.ProtoTCP, 2), 0)
	if _, why := tab.Insert(nat(packet.ProtoTCP, 3), 0); why != packet.TableFull {
		t.Errorf("a third of two: %v", why)
	}
	tab.Delete(c)
	tab.Delete(c) // a second time does no harm
	insert(t, tab, nat(packet.ProtoTCP, 3), 0)
	if tab.Len() != 2 || tab.Cap() != 2 {
		t.Errorf("len %d, cap %d, want 2 and 2", tab.Len(), tab.Cap())
	}
}

func TestInsertState(t *testing.T) {
	tab := newTable(3)
	for proto, want := range map[uint8]State{packet.ProtoTCP: None, packet.ProtoUDP: UDP} {
		c := insert(t, tab, nat(proto, 1), time.Second)
		if c.State != want || c.Flags&Inactive == 0 || c.Left(time.Second) != 3*time.Second {
			t.Errorf("protocol %d: %v, flags %#x, %v left; want %v, inactive, 3s", proto, c.State, c.Flags, c.Left(time.Second), want)
		}
	}
	n := nat(packet.ProtoUDP, 2)
	n.Timeout = time.Hour
	if c := insert(t, tab, n, 0); c.Left(0) != time.Hour {
		t.Errorf("asked for an hour, got %v", c.Left(0))
	}
}

func TestAllWhileDeleting(t *testing.T) {
	tab, seen := newTable(8), 0
	for i := range uint16(8) {
		insert(t, tab, nat(packet.ProtoTCP, 1+i), 0)
	}
	for c := range tab.All() {
		seen++
		tab.Delete(c)
	}
	if seen != 8 || tab.Len() != 0 {
		t.Errorf("saw %d of 8, %d left", seen, tab.Len())
	}
}

// Two cache lines, and no third.
func TestConnSize(t *testing.T) {
	if n := unsafe.Sizeof(Conn{}); n != 128 {
		t.Errorf("a Conn has %d bytes", n)
	}
}

// Pointers would make the garbage collector walk through the whole slab.
func TestNoPointers(t *testing.T) {
	for _, typ := range []reflect.Type{reflect.TypeFor[Conn](), reflect.TypeFor[datagram]()} {
		if where := pointer(typ); where != "" {
			t.Errorf("%v has a pointer: %s", typ, where)
		}
	}
}

// pointer is the first type inside t that is more than numbers.
func pointer(t reflect.Type) string {
	switch k := t.Kind(); {
	case k == reflect.Struct:
		for i := range t.NumField() {
			if where := pointer(t.Field(i).Type); where != "" {
				return t.Field(i).Name + " " + where
			}
		}
	case k == reflect.Array:
		return pointer(t.Elem())
	case k < reflect.Bool || k > reflect.Float64 || k == reflect.Uintptr:
		return t.String()
	}
	return ""
}

func TestNoAllocation(t *testing.T) {
	tab := newTable(1000)
	n, now := nat(packet.ProtoTCP, 1000), time.Duration(0)
	f, r := in(n), out(n)
	allocs := testing.AllocsPerRun(1000, func() {
		now += 100 * time.Millisecond
		tab.Expire(now, ignore)
		c, _ := tab.Insert(n, now)
		tab.Track(c, In, packet.SYN, 0, now)
		tab.Lookup(&f)
		tab.Lookup(&r)
		tab.Track(c, In, packet.RST, 0, now)
		tab.ExpireNow(c, now)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
