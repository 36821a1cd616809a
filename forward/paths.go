// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"time"

	"github.com/ulvs/ulvs/packet"
)

// paths is what the ways to real servers carry, where a router farther on has
// said that it is less than the first link does (RFC 1191). Only real servers
// behind tunnels have one, so that there are no more than of these.
type paths map[packet.Addr]path

type path struct {
	mtu   int
	until time.Duration
}

// pathAge is how long Linux believes such a word (net.ipv4.route.mtu_expires).
const pathAge = 10 * time.Minute

// mtu is what the way to an address carries, over a link of that MTU.
func (p paths) mtu(to *packet.Addr, link int, now time.Duration) int {
	if known, ok := p[*to]; ok && now < known.until {
		return min(known.mtu, link)
	}
	return link
}

// learn hears that the way carries no more than that.
func (p paths) learn(to *packet.Addr, mtu int, now time.Duration) {
	p[*to] = path{p.mtu(to, mtu, now), now + pathAge}
}
