// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"math/bits"
	"math/rand/v2"

	"github.com/ulvs/ulvs/packet"
)

// Ports hands out ports of local addresses, for connections that real servers
// are to see as coming from there (fullnat). A server tells connections apart
// by their local end, so of one pair no port is lent twice at a time; other
// pairs are free to use it too.
//
// It belongs to the goroutine that has the Table.
type Ports struct {
	rand   *rand.Rand
	pools  map[Pair]*pool
	barred portSet
}

// A Pair is a local address and a server that it speaks to.
type Pair struct {
	Local  packet.Addr
	Server packet.Endpoint
	Proto  uint8
}

// FirstPort is the lowest port that is lent; all above are, too.
const FirstPort = 1024

const numPorts = 1<<16 - FirstPort

// A portSet is a set of ports, from FirstPort on.
type portSet [numPorts / 64]uint64

// A pool is the ports of one pair: 16 KiB, and no pointer.
//
// They are lent in their order, around and around, beginning anywhere, so that a
// port rests before it is lent again: the server may remember the old connection
// for a minute (TIME_WAIT). One that comes back shortly before its turn is
// passed over once; so each rests for half a round or longer, as long as there
// are others.
type pool struct {
	lent, resting portSet // none is in both
	count         int     // how many are lent
	next          int     // where the search goes on
}

// NewPorts has lent nothing yet. Chance says where each pair begins, so that
// after a restart it is elsewhere.
func NewPorts(r *rand.Rand) *Ports { return &Ports{rand: r, pools: map[Pair]*pool{}} }

// Bar keeps the ports from first to last, and only those, from being lent where
// Take is told so: at addresses that the host itself speaks from, those that it
// takes by itself. Last below first bars none.
func (x *Ports) Bar(first, last uint16) {
	x.barred = portSet{}
	for port := max(int(first), FirstPort); port <= int(last); port++ {
		x.barred[(port-FirstPort)/64] |= 1 << ((port - FirstPort) % 64)
	}
}

// Take lends a port of a pair; false if all are lent.
func (x *Ports) Take(at Pair, barred bool) (port uint16, ok bool) {
	p := x.pools[at]
	if p == nil {
		p = &pool{next: x.rand.IntN(numPorts)}
		x.pools[at] = p
	}
	shut := &noPorts
	if barred {
		shut = &x.barred
	}
	n, ok := p.take(shut)
	return uint16(FirstPort + n), ok
}

var noPorts portSet

// take looks at 64 ports at a time. If all that is left rests, a second round
// finds it awake.
func (p *pool) take(shut *portSet) (n int, ok bool) {
	if p.count == numPorts {
		return 0, false
	}
	for range 2 {
		n, slept := p.round(shut)
		if n >= 0 || !slept {
			return n, n >= 0
		}
	}
	return 0, false
}

// round goes around once, up to the port it began with. It wakes whatever it
// passes over, and tells whether there was such.
func (p *pool) round(shut *portSet) (n int, slept bool) {
	word, ahead := p.next/64, ^uint64(0)<<(p.next%64)
	for range len(p.lent) + 1 {
		awake := ahead &^ p.lent[word] &^ p.resting[word] &^ shut[word]
		if awake != 0 {
			ahead &= awake&-awake - 1 // up to the first of them
		}
		slept = slept || p.resting[word]&ahead&^shut[word] != 0
		p.resting[word] &^= ahead
		if awake != 0 {
			return p.lend(word*64 + bits.TrailingZeros64(awake)), slept
		}
		if word, ahead = word+1, ^uint64(0); word == len(p.lent) {
			word = 0
		}
	}
	return -1, slept
}

func (p *pool) lend(n int) int {
	p.lent[n/64] |= 1 << (n % 64)
	p.count++
	p.next = (n + 1) % numPorts
	return n
}

// Give takes back what Take has lent. What it has not, it leaves alone.
func (x *Ports) Give(at Pair, port uint16) {
	p, n := x.pools[at], int(port)-FirstPort
	if p == nil || n < 0 || p.lent[n/64]&(1<<(n%64)) == 0 {
		return
	}
	p.lent[n/64] &^= 1 << (n % 64)
	p.count--
	if soon := (n-p.next+numPorts)%numPorts < numPorts/2; soon {
		p.resting[n/64] |= 1 << (n % 64)
	}
}

// Lent are how many ports each local address has lent, if it has any.
func (x *Ports) Lent() map[packet.Addr]int {
	m := map[packet.Addr]int{}
	for at, p := range x.pools {
		if p.count > 0 {
			m[at.Local] += p.count
		}
	}
	return m
}

// Forget drops what is known of pairs that nobody wants any more, and have
// nothing lent.
func (x *Ports) Forget(wanted func(Pair) bool) {
	for at, p := range x.pools {
		if p.count == 0 && !wanted(at) {
			delete(x.pools, at)
		}
	}
}
