// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"time"

	"github.com/ulvs/ulvs/packet"
)

const (
	collectEvery = 61440 * time.Millisecond // 60 s, as the kernel's timer wheel rounds them up
	collectRound = 30                       // ticks from one full check to the next
	collectAbove = 16384                    // entries; above, each tick is a partial check
	collectIdle  = 6 * time.Minute          // what a partial check forgets
	collectMost  = 1 << 12                  // ticks at once, if the last request was long ago
)

// A collector is a memory that forgets destinations as lblc and lblcr do: once
// a minute it ticks. (The kernel's first minute begins with the service, and
// ends up to 5 s later, as the timer wheel happens to stand; ours begins with
// the first request.)
//
// At every thirtieth tick it forgets what nobody used for as long as a sysctl
// says. But while there are too many entries, that waits, and a tick forgets
// some of those that nobody used for six minutes, from where the last such
// tick ended.
//
// Source: the kernel's ip_vs_lblc.c and ip_vs_lblcr.c.
type collector[V any] struct {
	memory[V]
	next  time.Duration // when it ticks; zero: nobody asked yet
	round int           // of the next tick, from 1 on
	count int           // entries as the kernel counts them: see lblc
	rover int           // the bucket where the last partial check ended
}

func newCollector[V any](drop func(V)) collector[V] {
	return collector[V]{memory: newMemory(drop), round: 1}
}

// add is a new entry for a destination that has none, and counts it.
func (c *collector[V]) add(dst packet.Addr, now time.Duration) *entry[V] {
	before := c.used
	e := c.memory.add(dst, now)
	c.count += c.used - before
	return e
}

// collect does all ticks that are due.
func (c *collector[V]) collect(now, expiration time.Duration) {
	if c.next == 0 {
		c.next = now + collectEvery
	}
	for n := 0; now >= c.next && n < collectMost; n++ {
		if c.used == 0 {
			c.doze(now)
			return
		}
		c.tick(expiration)
		c.next += collectEvery
	}
}

// doze does what many ticks do that find nothing: they are only counted.
func (c *collector[V]) doze(now time.Duration) {
	n := int((now-c.next)/collectEvery) + 1
	c.next += time.Duration(n) * collectEvery
	switch {
	case c.count <= collectAbove:
		c.round = (c.round-1+n)%collectRound + 1
	case c.round == collectRound:
		c.round = 1
	}
}

func (c *collector[V]) tick(expiration time.Duration) {
	switch {
	case c.round == collectRound:
		c.full(c.next - expiration)
		c.round = 1
	case c.count <= collectAbove:
		c.round++
	default:
		c.partial(c.next - collectIdle)
	}
}

// full forgets all that was last used then or before.
func (c *collector[V]) full(since time.Duration) {
	for bucket := range c.heads {
		c.count -= c.forgetUnused(bucket, since)
	}
}

// partial forgets bucket by bucket, until a third more is gone than is too
// much.
func (c *collector[V]) partial(since time.Duration) {
	goal := min((c.count-collectAbove)*4/3, collectAbove/2)
	for range c.heads {
		c.rover = (c.rover + 1) % len(c.heads)
		n := c.forgetUnused(c.rover, since)
		c.count -= n
		if goal -= n; goal <= 0 {
			return
		}
	}
}
