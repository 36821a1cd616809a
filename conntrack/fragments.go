// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"time"

	"github.com/ulvs/ulvs/packet"
)

// Fragments remembers the ports of fragmented datagrams. Only the first
// fragment shows them; the later ones are known by their addresses, protocol
// and identification.
//
// It is a ring: a new first fragment takes the place of the oldest. So a flood
// of fragments costs others their place, but never more memory.
type Fragments struct {
	ring  []datagram
	heads []uint32 // chains into the ring; a place plus one, zero ends it
	next  int      // the place to be taken next
	seed  uint64
}

// A datagram is what the first fragment told.
type datagram struct {
	key      datagramKey
	src, dst uint16 // ports
	next     uint32 // its chain
	until    time.Duration
}

// A datagramKey is what all fragments of a datagram share (RFC 791 §3.2,
// RFC 8200 §4.5).
type datagramKey struct {
	src, dst packet.Addr
	id       uint32
	proto    uint8
}

const (
	maxDatagrams = 4096             // fragmented ones under way at once
	reassembly   = 30 * time.Second // how long the fragments may take: the kernel's ipfrag_time
)

// NewFragments is an empty memory. The seed is a secret, as a Table's.
func NewFragments(seed uint64) *Fragments {
	return &Fragments{
		ring:  make([]datagram, maxDatagrams),
		heads: make([]uint32, maxDatagrams),
		seed:  seed | 1,
	}
}

// Remember keeps the ports of a first fragment. Other packets are none of its
// business.
func (f *Fragments) Remember(p *packet.Packet, now time.Duration) {
	if p.Frag != packet.First {
		return
	}
	d := &f.ring[f.next]
	if d.until != 0 {
		f.forget(f.next)
	}
	*d = datagram{keyOf(p), p.Flow.Src.Port, p.Flow.Dst.Port, 0, now + reassembly}
	head := f.head(&d.key)
	d.next = push(head, uint32(f.next+1))
	f.next = (f.next + 1) % len(f.ring)
}

// Recall gives a later fragment the ports of its datagram, if its first
// fragment came within the last 30 seconds.
func (f *Fragments) Recall(p *packet.Packet, now time.Duration) bool {
	if p.Frag != packet.Later {
		return false
	}
	key := keyOf(p)
	for at := *f.head(&key); at != 0; {
		d := &f.ring[at-1]
		if d.key == key { // the newest of that name
			if now >= d.until {
				return false
			}
			p.Flow.Src.Port, p.Flow.Dst.Port = d.src, d.dst
			return true
		}
		at = d.next
	}
	return false
}

// forget takes a place out of its chain.
func (f *Fragments) forget(place int) {
	link, node := f.head(&f.ring[place].key), uint32(place+1)
	for *link != node {
		link = &f.ring[*link-1].next
	}
	*link = f.ring[place].next
}

func keyOf(p *packet.Packet) datagramKey {
	return datagramKey{p.Flow.Src.Addr, p.Flow.Dst.Addr, p.ID, p.Flow.Proto}
}

// head is the chain of a key.
func (f *Fragments) head(k *datagramKey) *uint32 {
	src := packet.Endpoint{Addr: k.src, Port: uint16(k.id)}
	dst := packet.Endpoint{Addr: k.dst, Port: uint16(k.id >> 16)}
	h := dst.Hash(k.proto, src.Hash(k.proto, f.seed)|1)
	return &f.heads[h&uint64(len(f.heads)-1)]
}

// push makes node the head, and returns what was.
func push(head *uint32, node uint32) uint32 {
	was := *head
	*head = node
	return was
}
