// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"net/netip"
	"slices"
	"time"

	"github.com/ulvs/ulvs"
)

// The trash holds servers that were deleted and whose connections may live on,
// by the kernel's rules (ip_vs_ctl.c): it is gone through every minute from
// when it became non-empty; who is found without connections gets a mark, and
// is destroyed at the first round two minutes later.
type trash struct {
	dests []*dest
	next  time.Duration // the next round
}

const (
	trashRound = time.Minute
	trashKeep  = 2 * time.Minute
)

func (t *trash) put(d *dest, now time.Duration) {
	if len(t.dests) == 0 {
		t.next = now + trashRound
	}
	d.marked = 0
	t.dests = append(t.dests, d)
}

// revive takes a server out of the trash, nil if it is not there.
func (t *trash) revive(id ulvs.ID, a netip.AddrPort) *dest {
	for i, d := range t.dests {
		if d.id == id && d.Addr == a {
			t.dests = slices.Delete(t.dests, i, i+1)
			return d
		}
	}
	return nil
}

// round goes through the trash if it is time, and returns who was destroyed.
func (t *trash) round(now time.Duration) (destroyed []*dest) {
	if len(t.dests) == 0 || now < t.next {
		return nil
	}
	t.next = now + trashRound
	t.dests = slices.DeleteFunc(t.dests, func(d *dest) bool {
		if d.Active()+d.Inactive()+d.Templates() > 0 {
			return false
		}
		if d.marked == 0 {
			d.marked = now
			return false
		}
		if now-d.marked < trashKeep {
			return false
		}
		destroyed = append(destroyed, d)
		return true
	})
	return destroyed
}

// Tick does what is due on the control side; call it about once a second.
func (e *Engine) Tick(now time.Duration) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	before := e.book.copy()
	gone := e.book.trash.round(now)
	for _, d := range gone {
		e.book.dests[d.num] = nil
	}
	if !e.review(now) && len(gone) == 0 && !e.unsure && equal(e.compile().guard, e.guarded) {
		return nil
	}
	if err := e.publish(); err != nil {
		e.book = before
		return err
	}
	return nil
}
