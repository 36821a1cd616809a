// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"encoding/binary"
	"math"

	"github.com/ulvs/ulvs/packet"
)

func init() { Register("hrw", func(Env) Scheduler { return new(hrw) }) }

// hrw, highest random weight or rendezvous hashing: every server draws a number
// h between 0 and 1 for every client, always the same one, and the client goes
// to the largest
//
//	weight / -ln(h)
//
// Each server so gets its weight's share of the clients. When one leaves, only
// his clients move, and all others' shares grow alike; when a weight changes,
// clients move to that server or away from it, and nowhere else.
//
// With flag-2 (sh-port and mh-port) the client's port counts too. All servers
// are looked at for each choice.
//
// It is not of the kernel. Source: Thaler and Ravishankar, "Using name-based
// mappings to increase hit rates", 1998; for weights Schindelhauer and
// Schomaker, "Weighted distributed hash tables", SPAA 2005 (the logarithmic
// method).
type hrw struct{ pool }

// Pick implements Scheduler.
func (s *hrw) Pick(r Request) *Server {
	return s.highest(r, func(*Server) bool { return true })
}

// highest is the client's favourite among those that fit. It is found as the
// smallest -ln(h)/weight; since -ln(h) is never less than 1-h, most logarithms
// need not be taken.
func (p *pool) highest(r Request, fits func(*Server) bool) (best *Server) {
	who, least := identity(&r), math.Inf(1)
	for _, d := range p.servers {
		if !d.eligible() || !fits(d) {
			continue
		}
		h, w := chance(who, d), float64(d.Weight)
		if (1-h)/w >= least {
			continue
		}
		if x := -math.Log(h) / w; x < least {
			best, least = d, x
		}
	}
	return best
}

// identity is the number by which hrw knows a client.
func identity(r *Request) uint64 {
	a := &r.Flow.Src.Addr
	v := scatter(binary.BigEndian.Uint64(a[:8])) + binary.BigEndian.Uint64(a[8:])
	if r.Flags&Flag2 != 0 && r.Flow.Proto != packet.ProtoICMP {
		v = scatter(v) + uint64(r.Flow.Src.Port)
	}
	return scatter(v)
}

// chance is what a server draws for a client: above 0 and below 1.
func chance(who uint64, d *Server) float64 {
	a := d.Addr.Addr().As16()
	v := scatter(who+binary.BigEndian.Uint64(a[:8])) + binary.BigEndian.Uint64(a[8:])
	v = scatter(scatter(v) + uint64(d.Addr.Port()))
	return (float64(v>>12) + 0.5) / (1 << 52)
}

// scatter makes of any two numbers, however alike, two that have nothing in
// common. Source: the finalizer of SplitMix64 (Steele, Lea and Flood, "Fast
// splittable pseudorandom number generators", 2014), in Stafford's variant 13.
func scatter(v uint64) uint64 {
	v += 0x9e3779b97f4a7c15
	v = (v ^ v>>30) * 0xbf58476d1ce4e5b9
	v = (v ^ v>>27) * 0x94d049bb133111eb
	return v ^ v>>31
}
