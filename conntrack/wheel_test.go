// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// Not before its time, and not later than the resolution.
func TestExact(t *testing.T) {
	for _, timeout := range []time.Duration{
		1, time.Millisecond, 9999999, 10 * time.Millisecond, time.Second, 3*time.Second + 7,
		15 * time.Minute, 21 * time.Minute, 22 * time.Minute, 24 * time.Hour, 1000 * time.Hour,
	} {
		for _, start := range []time.Duration{0, 7*time.Millisecond + 3, 5 * time.Hour} {
			tab, n := newTable(1), nat(6, 1)
			n.Timeout = timeout
			tab.Expire(start, ignore)
			insert(t, tab, n, start)
			for now := start; now < start+timeout-1; now += max(timeout/7, 1) {
				tab.Expire(now, ignore)
			}
			if tab.Expire(start+timeout-1, ignore); tab.Len() != 1 {
				t.Errorf("%v from %v: gone before its time", timeout, start)
			}
			if tab.Expire(start+timeout+resolution, ignore); tab.Len() != 0 {
				t.Errorf("%v from %v: still there", timeout, start)
			}
		}
	}
}

// Round figures, as lessons have them, are exact.
func TestExactOnTheTick(t *testing.T) {
	tab := newTable(1)
	c := insert(t, tab, nat(17, 1), 0)
	tab.Track(c, In, 0, 0, 0)
	if tab.Expire(300*time.Second-resolution, ignore) != 0 || tab.Expire(300*time.Second, ignore) != 1 {
		t.Error("300 s are not 300 s")
	}
}

func TestPutOff(t *testing.T) {
	tab := newTable(1)
	c := insert(t, tab, nat(17, 1), 0)
	for now := time.Duration(0); now < 3*time.Hour; now += 299 * time.Second {
		tab.Track(c, In, 0, 0, now)
		if tab.Expire(now+299*time.Second, ignore) != 0 {
			t.Fatalf("gone at %v", now)
		}
	}
}

// A deadline that moves to the front is kept too.
func TestSooner(t *testing.T) {
	tab := newTable(1)
	c := insert(t, tab, nat(6, 1), 0)
	tab.Track(c, In, packet.ACK, 0, 0) // 900 s
	tab.Track(c, In, packet.RST, 0, time.Second)
	if tab.Expire(11*time.Second-1, ignore) != 0 || tab.Expire(11*time.Second, ignore) != 1 {
		t.Error("CLOSE did not last 10 s")
	}
}

// … even by a single tick.
func TestSoonerByATick(t *testing.T) {
	tab, to := newTable(1), Defaults()
	c := insert(t, tab, nat(17, 1), 0)
	for _, left := range []time.Duration{time.Second, time.Second - resolution} {
		to[UDP] = left
		tab.SetTimeouts(to)
		tab.Track(c, In, 0, 0, 0)
	}
	if tab.Expire(time.Second-2*resolution, ignore) != 0 || tab.Expire(time.Second-resolution, ignore) != 1 {
		t.Error("a deadline one tick sooner was not kept")
	}
}

func TestExpireNow(t *testing.T) {
	tab, n, now := newTable(2), nat(6, 1), time.Hour
	tab.Expire(now, ignore)
	old := insert(t, tab, n, now)
	tab.ExpireNow(old, now)
	f := in(n)
	if c, _ := tab.Lookup(&f); c != old || tab.Len() != 1 {
		t.Error("the old one does not count any more")
	}
	tab.Track(old, Out, packet.ACK, 0, now) // a straggler does not save it
	n.Owner = 99
	fresh := insert(t, tab, n, now)
	if c, _ := tab.Lookup(&f); c != fresh {
		t.Error("the old one is found before the new one")
	}
	var gone []*Conn
	if tab.Expire(now, func(c *Conn) { gone = append(gone, c) }) != 1 || gone[0] != old {
		t.Errorf("gone: %v", gone)
	}
	if c, _ := tab.Lookup(&f); c != fresh {
		t.Error("the new one went with the old one")
	}
}

// gone sees the connection as it was.
func TestGoneSees(t *testing.T) {
	tab := newTable(1)
	c := insert(t, tab, nat(6, 7), 0)
	tab.Track(c, In, packet.SYN, 0, 0)
	tab.Expire(time.Hour, func(c *Conn) {
		if c.Owner != 7 || c.Flags&Inactive != 0 || c.State != SynRecv || tab.Len() != 1 {
			t.Errorf("owner %d, flags %#x, %v, %d in the table", c.Owner, c.Flags, c.State, tab.Len())
		}
	})
}

// A flood that ends at one moment is ended in parts; everything else goes at
// once.
func TestMostAtOnce(t *testing.T) {
	const many = 2*ExpireAtOnce + 5
	tab := newTable(many)
	for i := range many {
		n := nat(17, uint16(i))
		n.Client.Addr[15] = byte(i >> 16)
		insert(t, tab, n, 0)
	}
	for _, want := range []int{ExpireAtOnce, ExpireAtOnce, 5, 0} {
		if n := tab.Expire(time.Minute, ignore); n != want {
			t.Errorf("expired %d, want %d", n, want)
		}
	}
	if tab.Len() != 0 {
		t.Errorf("%d left", tab.Len())
	}
}

// Silence costs a glance: a year is not walked through tick by tick.
func TestLongSilence(t *testing.T) {
	tab := newTable(1)
	n := nat(6, 1)
	n.Timeout = 24 * 365 * time.Hour
	insert(t, tab, n, 0)
	for now := time.Duration(0); now < n.Timeout; now += time.Hour {
		tab.Expire(now, ignore)
	}
	if tab.Len() != 1 || tab.Expire(n.Timeout, ignore) != 1 {
		t.Error("a year is not a year")
	}
}
