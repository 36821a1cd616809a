// SPDX-License-Identifier: Apache-2.0

// Package neigh finds the link address of a next hop. It is arithmetic: it
// says whom to ask and remembers the answers; asking and hearing is the
// engine's.
//
// The states of an entry, after RFC 4861 §7.3:
//
//	          Resolve              Hear                   30 s, and used
//	(nothing) ───────► asking ───────────► known ────────────────────► checking
//	                     │ 3 questions       ▲                             │
//	                     ▼ in 3 s            └──────── Hear ───────────────┤
//	                  (nothing) ◄──────────────── 3 questions in 3 s ──────┘
package neigh

import (
	"time"

	"github.com/ulvs/ulvs/packet"
)

const (
	fresh     = 30 * time.Second // how long an answer is believed without a doubt
	retry     = time.Second      // between two questions
	questions = 3                // unanswered ones before we give up
	idle      = 5 * time.Minute  // an entry nobody uses for so long makes room
	most      = 100              // questions that one call asks
)

// A Key is a next hop as a port reaches it.
type Key struct {
	Port uint8
	Hop  packet.Addr
}

type entry struct {
	mac   packet.MAC
	known bool          // mac is valid
	fixed bool          // an administrator's; never doubted
	asked uint8         // questions since the last answer
	heard time.Duration // when mac was last confirmed
	next  time.Duration // when to ask again, if asked > 0
	used  time.Duration // when somebody last wanted it
}

// A Table is one worker's memory of its neighbours. Its zero value is not
// ready: use New.
type Table struct {
	entries map[Key]*entry
	max     int
	gen     uint32
	fresh   []Key // who is new, and has not been asked for
}

// New is a table of at most max neighbours.
func New(max int) *Table {
	return &Table{entries: make(map[Key]*entry, max), max: max, fresh: make([]Key, 0, most)}
}

// Generation changes whenever an answer that Resolve gave may have become
// wrong; what others cached is to be thrown away then.
func (t *Table) Generation() uint32 { return t.gen }

// Len is the number of entries.
func (t *Table) Len() int { return len(t.entries) }

// Resolve is the link address of k, false while it is unknown. Wanting it is
// enough: Due tells when to ask.
func (t *Table) Resolve(k Key, now time.Duration) (packet.MAC, bool) {
	e := t.entries[k]
	if e == nil {
		if e = t.add(k, now); e == nil {
			return packet.MAC{}, false
		}
		e.asked, e.next = 1, now // the first question is due at once
		if len(t.fresh) < most {
			t.fresh = append(t.fresh, k)
		}
	}
	e.used = now
	if e.known && !e.fixed && e.asked == 0 && now-e.heard > fresh {
		e.asked, e.next = 1, now
	}
	return e.mac, e.known
}

// Fresh calls ask for those whom somebody has begun to want since the last
// call. It is cheap: call it as often as packets come.
func (t *Table) Fresh(now time.Duration, ask func(k Key, known packet.MAC)) {
	for _, k := range t.fresh {
		if e := t.entries[k]; e != nil && e.asked == 1 && now >= e.next {
			e.question(k, now, ask)
		}
	}
	t.fresh = t.fresh[:0]
}

// Due goes through the whole table: now and then is enough. It calls ask for
// each neighbour that is to be asked again, for a hundred at most, and lost for
// each that did not answer: what waits for it waits in vain. If known is not
// zero, the neighbour had that link address, and the question can go there.
func (t *Table) Due(now time.Duration, ask func(k Key, known packet.MAC), lost func(Key)) {
	left := most
	for k, e := range t.entries {
		switch {
		case e.asked == 0:
			if !e.fixed && now-e.used > idle {
				delete(t.entries, k)
			}
		case now < e.next:
		case e.asked > questions:
			delete(t.entries, k)
			t.gen++
			lost(k)
		case left > 0:
			left--
			e.question(k, now, ask)
		}
	}
}

func (e *entry) question(k Key, now time.Duration, ask func(Key, packet.MAC)) {
	e.asked++
	e.next = now + retry
	ask(k, e.mac)
}

// Learn takes what the host knows about k: a hint that serves at once and is
// checked like any other, or an administrator's word (fixed), which is not.
func (t *Table) Learn(k Key, mac packet.MAC, fixed bool, now time.Duration) {
	e := t.entries[k]
	if e == nil {
		if e = t.add(k, now); e == nil {
			return
		}
	}
	if e.known && !fixed && !e.fixed {
		return // we asked ourselves, and more recently
	}
	t.set(e, mac, now)
	e.fixed = fixed
}

// Known is the link address of k, if it is known; to look is not to want.
func (t *Table) Known(k Key) (packet.MAC, bool) {
	if e := t.entries[k]; e != nil && e.known {
		return e.mac, true
	}
	return packet.MAC{}, false
}

// Forget drops what an administrator had fixed and has taken back.
func (t *Table) Forget(k Key) {
	if e := t.entries[k]; e != nil && e.fixed {
		delete(t.entries, k)
		t.gen++
	}
}

// Hear takes an answer, or a neighbour's own announcement. Only neighbours
// that somebody wanted are remembered, so that nobody can fill the table. It
// reports whether something that waits for k can go now.
func (t *Table) Hear(k Key, mac packet.MAC, now time.Duration) bool {
	e := t.entries[k]
	if e == nil || e.fixed || mac == (packet.MAC{}) || mac[0]&1 != 0 {
		return false
	}
	waited := !e.known
	t.set(e, mac, now)
	return waited
}

func (t *Table) set(e *entry, mac packet.MAC, now time.Duration) {
	if !e.known || e.mac != mac {
		t.gen++
	}
	e.mac, e.known, e.heard, e.asked = mac, true, now, 0
}

// add makes room if it must.
func (t *Table) add(k Key, now time.Duration) *entry {
	if len(t.entries) >= t.max {
		t.evict()
	}
	if len(t.entries) >= t.max {
		return nil // all are fixed
	}
	e := &entry{used: now}
	t.entries[k] = e
	return e
}

// evict lets one of a few taken by chance go: somebody who has not answered if
// there is one, else who was unused for longest. To look at all of them would
// let a flood of made-up addresses cost more than it does.
func (t *Table) evict() {
	var worst Key
	var found *entry
	looked := 0
	for k, e := range t.entries {
		if looked++; looked > 16 {
			break
		}
		if !e.fixed && (found == nil || e.known == found.known && e.used < found.used || !e.known && found.known) {
			worst, found = k, e
		}
	}
	if found != nil {
		delete(t.entries, worst)
		t.gen++
	}
}

// Refresh compares each entry with what the host knows of it now.
func (t *Table) Refresh(now time.Duration, host func(Key) (mac packet.MAC, fixed, ok bool)) {
	for k, e := range t.entries {
		mac, fixed, ok := host(k)
		switch {
		case ok && fixed:
			t.Learn(k, mac, true, now)
		case e.fixed:
			t.Forget(k)
		case ok && !e.known:
			t.Learn(k, mac, false, now)
		}
	}
}
