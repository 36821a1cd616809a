// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"math/rand/v2"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// A director under attack defends itself by three sysctls, each a level: 0 is
// never, 3 is always, and 1 is when memory runs short. The kernel writes 2 for
// 1 while it does so. Sources: update_defense_level of ip_vs_ctl.c; todrop_entry
// and ip_vs_random_dropentry of ip_vs_conn.c.

// Level is what a level comes to while memory is short or is not: whether to
// defend, and the level that is shown from now on. Ask once a second.
func Level(level int, short bool) (next int, on bool) {
	switch {
	case level != 1 && level != 2:
		return level, level == 3
	case short:
		return 2, true
	}
	return 1, false
}

// A Sieve drops one of so many (the sysctl drop_packet): asked only about
// packets that would open a connection.
type Sieve struct {
	every int // zero: none
	left  int // until the next that is dropped
}

// Adjust sets a sieve, once a second. always is the rate of level 3 (the sysctl
// am_droprate); free is the memory there is, and enough what there should be
// (amemthresh), in pages. The less is free, the more is dropped.
func (s *Sieve) Adjust(level, always, free, enough int) (next int) {
	next, on := Level(level, free < enough)
	switch {
	case !on:
		s.every = 0
	case next == 3:
		s.every = always
	default:
		s.every = enough / (enough - free)
		s.left = s.every
	}
	return next
}

// Drops reports whether this one is to be dropped: the first at once, then
// every so many, unless Adjust has set the count.
func (s *Sieve) Drops() bool {
	if s.every == 0 {
		return false
	}
	if s.left--; s.left > 0 {
		return false
	}
	s.left = s.every
	return true
}

// A Defence makes room in a table (the sysctl drop_entry). It gives up
// handshakes that got nowhere and clients whom nothing became of; and those who
// said little and are silent now, the more so the less they said.
type Defence struct {
	random *rand.Rand
	once   func(owner uint32) bool
	said   [talkative]Sieve // by how many packets the client has sent
}

const (
	talkative = 9           // who said as much is not given up
	patience  = time.Minute // how long silence is nothing unusual
)

// NewDefence takes its dice, and who knows whether a server's service is for
// single packets (--ops).
func NewDefence(random *rand.Rand, once func(owner uint32) bool) *Defence {
	d := &Defence{random: random, once: once}
	for n := range d.said {
		d.said[n].every = n
	}
	return d
}

// sample is how many connections there are for each that a Sweep looks at.
const sample = 32

// Sweep looks at places of the table chosen at random, and ends whom it finds
// there and gives up: the next Expire hears of them. It is for once a second;
// the result is how many there were.
func (d *Defence) Sweep(t *Table, now time.Duration) (n int) {
	places := int(t.fresh)
	for range (places + d.random.IntN(sample)) / sample {
		c := &t.conns[d.random.IntN(places)]
		if c.Flags&hashed != 0 && c.slot != late && t.Children(c) == 0 && d.givesUp(c, now) {
			t.ExpireWhole(c, now)
			n++
		}
	}
	return n
}

// givesUp reports whether a connection, or a template, is not worth its place.
func (d *Defence) givesUp(c *Conn, now time.Duration) bool {
	switch {
	case c.Flags&Template != 0 && !d.once(c.Owner):
		return c.State != Assured
	case c.Flags&Template != 0 || c.Proto != packet.ProtoTCP && c.Proto != packet.ProtoSCTP:
		return d.forgets(c, now)
	}
	switch c.State {
	case SynRecv, SynAck, SCTPInit1, SCTPInit:
		return true
	case Established, SCTPEstablished:
		return d.forgets(c, now)
	}
	return false
}

// forgets reports whether a connection has been silent for long, and it is its
// turn.
func (d *Defence) forgets(c *Conn, now time.Duration) bool {
	silent := c.Timeout - (c.due - now)
	return silent >= patience && c.InPkts < talkative && d.said[c.InPkts].Drops()
}
