// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// destination is the n-th of many.
func destination(n int) packet.Addr {
	return packet.AddrFrom(netip.AddrFrom4([4]byte{10, byte(n >> 16), byte(n >> 8), byte(n)}))
}

func forgetful() *collector[int] {
	c := newCollector(func(int) {})
	return &c
}

// tick is when the n-th tick is, if the first request came at zero: the
// recording in testdata shows that a kernel's minute has 61.44 s.
func tick(n int) time.Duration { return time.Duration(n) * 61440 * time.Millisecond }

// The times follow from the kernel's rule: every thirtieth tick forgets what is
// as old as expiration.
func TestFullCheck(t *testing.T) {
	expiration := tick(40)
	c := forgetful()
	c.collect(0, expiration)
	c.add(destination(1), 0)
	c.add(destination(2), tick(20))
	for _, v := range []struct {
		at   time.Duration
		left int
	}{
		{tick(30), 2},
		{tick(60) - 1, 2},
		{tick(60), 0}, // the second is as old to the nanosecond
	} {
		if c.collect(v.at, expiration); c.used != v.left {
			t.Errorf("at %v: %d entries, want %d", v.at, c.used, v.left)
		}
	}
	c.add(destination(1), tick(61))
	c.collect(tick(120)-1, tick(30))
	if c.used != 1 || c.round != 30 {
		t.Errorf("%d entries, round %d", c.used, c.round)
	}
	if c.collect(tick(120), tick(30)); c.used != 0 {
		t.Error("the empty time was not counted")
	}
}

// Above 16384, a tick forgets a third more than is too much of what nobody
// used for six minutes, and no tick is a full check.
func TestPartialCheck(t *testing.T) {
	c := forgetful()
	c.collect(0, time.Hour)
	for n := range collectAbove + 300 {
		c.add(destination(n), tick(7)-6*time.Minute)
	}
	c.collect(tick(7)-1, time.Hour)
	if c.used != collectAbove+300 || c.round != 1 {
		t.Fatalf("%d entries, round %d", c.used, c.round)
	}
	c.collect(tick(7), time.Hour)
	if gone := collectAbove + 300 - c.used; gone < 400 || gone > 400+100 { // it finishes its bucket
		t.Errorf("%d are gone", gone)
	}
	if c.collect(tick(8), time.Hour); c.round != 2 {
		t.Errorf("round %d: it goes on where there are not too many", c.round)
	}
	if full := c.forgetUnused(1, time.Hour); full != 0 {
		t.Errorf("the first buckets go first, but bucket 1 holds %d", full)
	}
}

// Long without a request: one look makes up for all, and does not take long.
func TestDoze(t *testing.T) {
	a, b := forgetful(), forgetful()
	for n := range 100 {
		a.collect(tick(n), time.Hour)
	}
	b.collect(0, time.Hour)
	b.collect(tick(99), time.Hour)
	if a.round != b.round || a.next != b.next {
		t.Errorf("round %d, next %v; minute by minute %d, %v", b.round, b.next, a.round, a.next)
	}
	b.add(destination(1), tick(99))
	b.collect(100*365*24*time.Hour, time.Hour)
	if b.used != 0 {
		t.Error("after a hundred years it is still remembered")
	}
}

// A memory against a builtin map.
func TestMemory(t *testing.T) {
	dropped := 0
	m := newMemory(func(int) { dropped++ })
	model := map[packet.Addr]int{}
	r := rand.New(rand.NewPCG(6, 0))
	for i := range 6000 {
		dst := destination(r.IntN(3000))
		e := m.find(&dst)
		if v, known := model[dst]; known != (e != nil) || known && e.value != v {
			t.Fatalf("step %d: %v is known: %v", i, dst, known)
		}
		if e == nil {
			m.add(dst, time.Duration(i)).value = i
			model[dst] = i
		}
		if bucket := r.IntN(1024); i > 1000 {
			n := m.forgetUnused(bucket, time.Duration(i-1000))
			for dst, v := range model {
				if v <= i-1000 && bucketOf(&dst) == uint32(bucket) {
					delete(model, dst)
					n--
				}
			}
			if n != 0 || m.used != len(model) {
				t.Fatalf("step %d: %d entries, want %d", i, m.used, len(model))
			}
		}
	}
	if dropped == 0 || len(m.entries) > 4096 {
		t.Errorf("%d dropped, room for %d", dropped, len(m.entries))
	}
}

// It holds no more than so many, and each new one is remembered.
func TestMemoryIsBounded(t *testing.T) {
	m := newMemory(func(int) {})
	for n := range memoryMost + 1000 {
		m.add(destination(n), 0).value = n
		if dst := destination(n); m.find(&dst) == nil || m.find(&dst).value != n {
			t.Fatalf("%d is not remembered", n)
		}
	}
	if m.used != memoryMost || len(m.entries) != memoryMost+1 {
		t.Errorf("%d entries, room for %d", m.used, len(m.entries))
	}
	if dst := destination(999); m.find(&dst) != nil {
		t.Error("an old one did not go")
	}
	if dst := destination(1000); m.find(&dst) == nil {
		t.Error("more went than had to")
	}
}
