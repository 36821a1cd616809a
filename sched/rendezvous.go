// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"encoding/binary"
	"math"

	"github.com/ulvs/ulvs/packet"
)

// A rendezvous is a pool that finds, for each client, the server with the
// highest random weight: hrw says what that is.
type rendezvous struct {
	pool
	names []uint64 // of the servers; made at the first request after a change
}

// Update implements Scheduler.
func (z *rendezvous) Update(servers []*Server, _ Change) {
	z.servers, z.names = servers, z.names[:0]
}

// highest is the client's favourite among those that fit. It is found as the
// smallest -ln(h)/weight; since -ln(h) is never less than 1-h, most logarithms
// need not be taken.
func (z *rendezvous) highest(r *Request, fits func(*Server) bool) (best *Server) {
	z.nameAll()
	who, least := identity(r), math.Inf(1)
	for i, d := range z.servers {
		h, w := chance(who, z.names[i]), float64(d.Weight)
		if 1-h >= least*w || !d.eligible() || !fits(d) {
			continue
		}
		if x := -math.Log(h) / w; x < least {
			best, least = d, x
		}
	}
	return best
}

func (z *rendezvous) nameAll() {
	if len(z.names) == len(z.servers) {
		return
	}
	for _, d := range z.servers {
		z.names = append(z.names, name(d))
	}
}

// name is the number by which a server is known: of its address and port.
func name(d *Server) uint64 {
	a := d.Addr.Addr().As16()
	return number(binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:]), d.Addr.Port())
}

// identity is the number by which a client is known.
func identity(r *Request) uint64 {
	a, port := &r.Flow.Src.Addr, uint16(0)
	if r.Flags&Flag2 != 0 && r.Flow.Proto != packet.ProtoICMP {
		port = r.Flow.Src.Port
	}
	return number(binary.BigEndian.Uint64(a[:8]), binary.BigEndian.Uint64(a[8:]), port)
}

func number(high, low uint64, port uint16) uint64 {
	return scatter(scatter(scatter(high)+low) + uint64(port))
}

// chance is what a server draws for a client: above 0 and below 1.
func chance(who, name uint64) float64 {
	return (float64(scatter(who+name)>>12) + 0.5) / (1 << 52)
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
