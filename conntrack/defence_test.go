// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// The levels as the kernel's documentation has them (ipvs-sysctl.rst: 0 is
// disabled, 3 always enabled; 1 becomes 2 while there is not enough memory, and
// 2 becomes 1 when there is).
func TestLevel(t *testing.T) {
	for _, c := range []struct {
		level int
		short bool
		next  int
		on    bool
	}{
		{0, false, 0, false}, {0, true, 0, false}, {1, false, 1, false}, {1, true, 2, true},
		{2, false, 1, false}, {2, true, 2, true}, {3, false, 3, true}, {3, true, 3, true},
	} {
		if next, on := Level(c.level, c.short); next != c.next || on != c.on {
			t.Errorf("%+v: %d, %v", c, next, on)
		}
	}
}

// sieved is what a sieve does with so many: x for each it drops.
func sieved(s *Sieve, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = '.'
		if s.Drops() {
			b[i] = 'x'
		}
	}
	return string(b)
}

// The rates of ipvs-sysctl.rst: am_droprate at level 3, else
// amemthresh/(amemthresh - free).
func TestSieve(t *testing.T) {
	for _, c := range []struct {
		level, always, free, enough int
		want                        string
	}{
		{0, 2, 0, 100, "......"},
		{3, 2, 200, 100, "x.x.x."},
		{3, 3, 0, 100, "x..x..x"},
		{3, 1, 0, 100, "xxxx"},
		{3, 0, 0, 100, "...."},
		{1, 2, 100, 100, "......"},
		{1, 2, 67, 100, "..x..x..x"},
		{2, 2, 50, 100, ".x.x.x"},
		{2, 2, 0, 100, "xxx"},
		{1, 2, 99, 100, "...................."}, // one of a hundred
	} {
		var s Sieve
		s.Adjust(c.level, c.always, c.free, c.enough)
		if got := sieved(&s, len(c.want)); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

// Level 3 counts on from second to second; the others begin anew.
func TestSieveAdjustedAgain(t *testing.T) {
	var s Sieve
	for want, level := range map[string]int{"x...x...x": 3, "..........": 1} {
		s, got := Sieve{}, ""
		for range len(want) {
			s.Adjust(level, 4, 75, 100) // one of four
			got += sieved(&s, 1)
		}
		if got != want {
			t.Errorf("level %d: %s, want %s", level, got, want)
		}
	}
	s.Adjust(3, 4, 0, 100)
	s.Adjust(0, 4, 0, 100)
	if s.Drops() {
		t.Error("drops at level 0")
	}
}

func newDefence() *Defence {
	return NewDefence(rand.New(rand.NewPCG(1, 2)), func(owner uint32) bool { return owner == 1 })
}

// siege sweeps a table until each place has been looked at, more than likely.
func siege(d *Defence, tab *Table, now time.Duration) (gone int) {
	for range 1000 {
		gone += d.Sweep(tab, now)
	}
	return gone
}

// Who is given up whatever he said, and who never is: ip_vs_random_dropentry.
func TestDefenceByState(t *testing.T) {
	given := map[State]bool{SynRecv: true, SynAck: true, SCTPInit1: true, SCTPInit: true}
	for s := range numStates {
		n := nat(packet.ProtoTCP, 7)
		if s >= SCTPInit1 {
			n.Proto = packet.ProtoSCTP
		}
		if s == UDP {
			continue
		}
		tab := newTable(1)
		c := insert(t, tab, n, 0)
		c.State, c.InPkts = s, 200
		if gone := siege(newDefence(), tab, time.Hour); (gone > 0) != given[s] {
			t.Errorf("%v: %d gone", s, gone)
		}
	}
}

// Established ones and datagrams go if they were silent for a minute and said
// little before: of those who said n things every n-th, the first at once.
func TestDefenceBySilence(t *testing.T) {
	for n, want := range []string{"......", "xxxxxx", "x.x.x.", "x..x..x", "x...x...x", "x....x....x", "x.....x.....x",
		"x......x......x", "x.......x.......x", "..........", ".........."} {
		for _, s := range []State{Established, UDP, SCTPEstablished} {
			d, got := newDefence(), ""
			for range want {
				c := Conn{Proto: packet.ProtoUDP, State: s, InPkts: uint8(n), Timeout: 5 * time.Minute, due: 5 * time.Minute}
				c.Proto = map[State]uint8{Established: packet.ProtoTCP, SCTPEstablished: packet.ProtoSCTP, UDP: packet.ProtoUDP}[s]
				if d.givesUp(&c, time.Minute-1) {
					t.Errorf("%v who said %d: given up before its minute", s, n)
				}
				got += map[bool]string{true: "x", false: "."}[d.givesUp(&c, time.Minute)]
			}
			if got != want {
				t.Errorf("%v who said %d: %s, want %s", s, n, got, want)
			}
		}
	}
}

// Templates stay if they are assured, if connections belong to them, or if
// their service is for single packets.
func TestDefenceOfTemplates(t *testing.T) {
	for name, c := range map[string]struct {
		owner uint32
		state State
		kids  int
		gone  bool
	}{
		"unassured": {5, None, 0, true}, "assured": {5, Assured, 0, false},
		"with a child": {5, None, 1, false}, "for single packets": {1, None, 0, false},
	} {
		tab, n := newTable(4), nat(packet.ProtoTCP, 0)
		n.Flags, n.Owner = Template, c.owner
		parent := insert(t, tab, n, 0)
		parent.State = c.state
		for range c.kids {
			kid := insert(t, tab, nat(packet.ProtoTCP, 9), 0)
			kid.State = FinWait
			tab.Adopt(parent, kid)
		}
		if gone := siege(newDefence(), tab, time.Hour); (gone > 0) != c.gone {
			t.Errorf("%s: %d gone", name, gone)
		}
	}
}

// A last child takes its template along.
func TestDefenceTakesParents(t *testing.T) {
	tab, n := newTable(2), nat(packet.ProtoTCP, 0)
	n.Flags, n.Timeout = Template, time.Hour
	parent, kid := insert(t, tab, n, 0), insert(t, tab, nat(packet.ProtoTCP, 9), 0)
	tab.Adopt(parent, kid)
	tab.Track(kid, In, packet.SYN, 0, 0)
	if gone := siege(newDefence(), tab, 0); gone != 1 {
		t.Errorf("%d gone", gone)
	}
	if tab.Expire(0, ignore) != 2 || tab.Len() != 0 {
		t.Errorf("%d are left", tab.Len())
	}
}

// One Sweep looks at one of 32, however many there are.
func TestSweepSamples(t *testing.T) {
	for _, size := range []int{3, 32, 5000} {
		const sweeps = 2000
		tab, looked := newTable(size), 0
		for i := range size {
			insert(t, tab, nat(packet.ProtoUDP, uint16(i+1)), 0).InPkts = 1
		}
		d := newDefence()
		for range sweeps {
			n := d.Sweep(tab, time.Hour)
			if n > size/sample+1 {
				t.Fatalf("of %d, %d at once", size, n)
			}
			looked += n
			for c := range tab.All() { // all come back
				tab.disarm(c)
				c.due = 0
				tab.arm(c)
			}
		}
		if share := float64(looked) / sweeps / float64(size); share < 0.8/sample || share > 1.1/sample {
			t.Errorf("of %d, a share of %.4f", size, share)
		}
	}
}
