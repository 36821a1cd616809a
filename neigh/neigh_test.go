// SPDX-License-Identifier: Apache-2.0

package neigh

import (
	"net/netip"
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
)

func key(a string) Key { return Key{0, packet.AddrFrom(netip.MustParseAddr(a))} }

type diary struct{ asked, lost []Key }

func (d *diary) ask(k Key, _ packet.MAC) { d.asked = append(d.asked, k) }
func (d *diary) gone(k Key)              { d.lost = append(d.lost, k) }

var mac = packet.MAC{2, 0, 0, 0, 0, 7}

// A neighbour that is silent is asked three times, a second apart, and then lost.
func TestSilence(t *testing.T) {
	tab, k := New(8), key("192.0.2.1")
	if _, ok := tab.Resolve(k, 0); ok {
		t.Fatal("resolved a stranger")
	}
	var d diary
	for now := time.Duration(0); now < 10*time.Second; now += 100 * time.Millisecond {
		tab.Due(now, d.ask, d.gone)
	}
	if len(d.asked) != 3 || len(d.lost) != 1 || tab.Len() != 0 {
		t.Fatalf("asked %d times, lost %d, %d entries left; want 3, 1, 0", len(d.asked), len(d.lost), tab.Len())
	}
}

// An answer ends the asking, is used, and is checked after 30 s of use, while it goes on serving.
func TestAnswerAndCheck(t *testing.T) {
	tab, k := New(8), key("192.0.2.1")
	var d diary
	tab.Resolve(k, 0)
	tab.Due(0, d.ask, d.gone)
	if !tab.Hear(k, mac, time.Millisecond) {
		t.Fatal("nobody waited for the answer")
	}
	if m, ok := tab.Resolve(k, 29*time.Second); !ok || m != mac {
		t.Fatalf("got %v %v", m, ok)
	}
	tab.Due(29*time.Second, d.ask, d.gone)
	if len(d.asked) != 1 {
		t.Fatalf("asked again within 30 s")
	}
	if _, ok := tab.Resolve(k, 31*time.Second); !ok {
		t.Fatal("an old answer must serve while it is checked")
	}
	tab.Due(31*time.Second, d.ask, d.gone)
	if len(d.asked) != 2 {
		t.Fatalf("not checked after 30 s")
	}
	if tab.Hear(k, mac, 31*time.Second) {
		t.Fatal("nothing waited")
	}
	if tab.Generation() != 1 {
		t.Fatalf("generation %d: the same answer is no change", tab.Generation())
	}
}

// Nobody can fill the table with announcements, nor teach it a group address.
func TestUnasked(t *testing.T) {
	tab := New(8)
	tab.Hear(key("192.0.2.9"), mac, 0)
	if tab.Len() != 0 {
		t.Fatal("remembered a neighbour nobody wanted")
	}
	tab.Resolve(key("192.0.2.1"), 0)
	tab.Hear(key("192.0.2.1"), packet.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 0)
	if _, ok := tab.Resolve(key("192.0.2.1"), 0); ok {
		t.Fatal("learnt a group address")
	}
}

// A full table makes room by what was unused for longest.
func TestFull(t *testing.T) {
	tab := New(2)
	for i, a := range []string{"192.0.2.1", "192.0.2.2"} {
		tab.Learn(key(a), mac, false, time.Duration(i)*time.Second)
	}
	tab.Resolve(key("192.0.2.1"), 2*time.Second)
	tab.Resolve(key("192.0.2.3"), 3*time.Second)
	if _, ok := tab.Resolve(key("192.0.2.1"), 3*time.Second); !ok || tab.Len() != 2 {
		t.Fatal("the wrong entry had to go")
	}
}

// What an administrator fixed is not doubted, nor changed by what is heard.
func TestFixed(t *testing.T) {
	tab, k := New(2), key("192.0.2.1")
	tab.Learn(k, mac, true, 0)
	tab.Hear(k, packet.MAC{2, 0, 0, 0, 0, 8}, 0)
	var d diary
	if m, ok := tab.Resolve(k, time.Hour); !ok || m != mac {
		t.Fatalf("got %v %v", m, ok)
	}
	tab.Due(time.Hour, d.ask, d.gone)
	if len(d.asked) != 0 {
		t.Fatal("doubted a fixed entry")
	}
	tab.Forget(k)
	if _, ok := tab.Resolve(k, time.Hour); ok {
		t.Fatal("not forgotten")
	}
}

// A flood of addresses nobody has cannot keep a neighbour who answers out, nor
// is anybody asked for twice by Fresh.
func TestFlood(t *testing.T) {
	tab := New(64)
	var d diary
	for i := range 1000 {
		tab.Resolve(Key{0, packet.Addr{14: byte(i >> 8), 15: byte(i)}}, 0)
		tab.Fresh(0, d.ask)
	}
	if len(d.asked) != 1000 || tab.Len() != 64 {
		t.Errorf("asked %d times, %d entries", len(d.asked), tab.Len())
	}
	k := key("192.0.2.1")
	tab.Resolve(k, 0)
	tab.Hear(k, mac, 0)
	for i := range 10 {
		tab.Resolve(Key{1, packet.Addr{15: byte(i)}}, time.Duration(i))
	}
	if _, ok := tab.Known(k); !ok {
		t.Error("who answered was let go for who did not")
	}
}
