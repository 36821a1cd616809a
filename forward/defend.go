// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"time"

	"github.com/ulvs/ulvs/conntrack"
)

// defence are the worker's means against an overload (ip_vs_ctl.c,
// update_defense_level).
type defence struct {
	next  time.Duration // when to look at the host's memory again
	sieve conntrack.Sieve
	sweep *conntrack.Defence
	now   levels // as they stand
}

// levels are those of the sysctls that look at memory by themselves: 1 becomes 2
// while it is short.
type levels struct{ dropEntry, dropPacket, secureTCP int }

const defenceRound = time.Second

// defend looks after the levels once a second, and makes room in the table if it
// must.
func (w *worker) defend() {
	if w.now < w.defence.next {
		return
	}
	w.defence.next = w.now + defenceRound
	if w.setLevels() {
		w.defence.sweep.Sweep(w.table, w.now)
	}
}

// setLevels goes by the sysctls, and by the memory that the host has; it reports
// whether entries are to be dropped.
func (w *worker) setLevels() (dropEntries bool) {
	sys, d := &w.cfg.sysctls, &w.defence
	free := sys.amemthresh
	if automatic(sys.dropEntry) || automatic(sys.dropPacket) || automatic(sys.secureTCP) {
		free = w.free()
	}
	short := free < sys.amemthresh
	d.now.dropEntry, dropEntries = conntrack.Level(sys.dropEntry, short)
	d.now.dropPacket = d.sieve.Adjust(sys.dropPacket, sys.amDroprate, free, sys.amemthresh)
	var secure bool
	d.now.secureTCP, secure = conntrack.Level(sys.secureTCP, short)
	w.table.SetSecure(secure)
	return dropEntries
}

// automatic reports whether a level depends on memory.
func automatic(level int) bool { return level == 1 || level == 2 }
