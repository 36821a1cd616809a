// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"time"

	"github.com/ulvs/ulvs/packet"
)

const (
	memoryBits = 10 // of a bucket's number, as in the kernel
	memoryMost = 1 << 18
)

// A memory holds what a scheduler remembers of destinations: V says what.
//
// The entries stand in one slice, and point to each other by their places in
// it; place 0 is nobody's, so that 0 means none. The slice doubles when it is
// full. It never holds more than memoryMost: beyond, old entries go in turn for
// new ones, while the kernel takes memory until its collector comes around.
type memory[V any] struct {
	heads   [1 << memoryBits]int32 // the newest entry of each bucket
	entries []entry[V]
	free    int32   // the first entry of those given back
	used    int     // how many are in use
	victim  int32   // the last entry that had to go for another
	drop    func(V) // told of each entry that is forgotten
}

// An entry is one destination.
type entry[V any] struct {
	dst   packet.Addr
	next  int32         // in its bucket, or in the list of free ones
	last  time.Duration // when it was last used
	value V
}

func newMemory[V any](drop func(V)) memory[V] {
	return memory[V]{entries: make([]entry[V], 1, 1024), drop: drop}
}

func bucketOf(dst *packet.Addr) uint32 { return hash32(fold(dst), memoryBits) }

// find is the destination's entry, nil if there is none. It holds still until
// the next add.
func (m *memory[V]) find(dst *packet.Addr) *entry[V] {
	for i := m.heads[bucketOf(dst)]; i != 0; i = m.entries[i].next {
		if e := &m.entries[i]; e.dst == *dst {
			return e
		}
	}
	return nil
}

// add is a new entry for a destination that has none.
func (m *memory[V]) add(dst packet.Addr, now time.Duration) *entry[V] {
	if m.used == memoryMost {
		m.victim = m.victim%memoryMost + 1
		m.forget(m.victim)
	}
	i, head := m.vacancy(), &m.heads[bucketOf(&dst)]
	m.entries[i] = entry[V]{dst: dst, next: *head, last: now}
	*head = i
	m.used++
	return &m.entries[i]
}

// vacancy is the place of an entry that nobody uses.
func (m *memory[V]) vacancy() int32 {
	i := m.free
	if i == 0 {
		m.entries = append(m.entries, entry[V]{})
		return int32(len(m.entries) - 1)
	}
	m.free = m.entries[i].next
	return i
}

// forget takes the entry at place i out of its bucket.
func (m *memory[V]) forget(i int32) {
	link := &m.heads[bucketOf(&m.entries[i].dst)]
	for *link != i {
		link = &m.entries[*link].next
	}
	m.unlink(link)
}

// unlink forgets the entry that link points to.
func (m *memory[V]) unlink(link *int32) {
	i := *link
	e := &m.entries[i]
	m.drop(e.value)
	*link, e.next, m.free = e.next, m.free, i
	m.used--
}

// forgetUnused forgets the entries of a bucket that were last used then or
// before, and says how many they were.
func (m *memory[V]) forgetUnused(bucket int, since time.Duration) (n int) {
	for link := &m.heads[bucket]; *link != 0; {
		if e := &m.entries[*link]; e.last > since {
			link = &e.next
			continue
		}
		m.unlink(link)
		n++
	}
	return n
}
