// SPDX-License-Identifier: Apache-2.0

package host

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs/packet"
)

// A fib finds the longest prefix that holds an address.
//
// It is one map, asked once for each prefix length in use, longest first: a
// host has a handful of lengths, and a lookup is wanted only when a worker's
// own cache misses. A full Internet table (25 lengths) costs under a
// microsecond, and no trie needs explaining.
type fib struct {
	routes  map[prefix]metered
	lengths [2][]uint8 // in use for IPv4 and IPv6, longest first, as bits of a packet.Addr
}

// A prefix is a masked address; an IPv4 /24 has 96+24 bits.
type prefix struct {
	addr packet.Addr
	bits uint8
}

type metered struct {
	Route
	metric int
}

func newFib() *fib { return &fib{routes: make(map[prefix]metered)} }

// add enters a route; among equal prefixes the lowest metric stays, then the
// first.
func (f *fib) add(dst netip.Prefix, metric int, r Route) {
	if !dst.IsValid() {
		return
	}
	k := prefixFrom(dst)
	if old, ok := f.routes[k]; ok && old.metric <= metric {
		return
	}
	f.routes[k] = metered{r, metric}
	l := &f.lengths[family(&k.addr)]
	if !slices.Contains(*l, k.bits) {
		*l = append(*l, k.bits)
		slices.SortFunc(*l, func(a, b uint8) int { return int(b) - int(a) })
	}
}

func (f *fib) find(a packet.Addr) (Route, bool) {
	for _, bits := range f.lengths[family(&a)] {
		if m, ok := f.routes[prefix{mask(a, bits), bits}]; ok {
			return m.Route, m.Kind != Throw
		}
	}
	return Route{}, false
}

// family is 0 for IPv4 and 1 for IPv6: the index of what is kept twice.
func family(a *packet.Addr) int {
	if a.Is4() {
		return 0
	}
	return 1
}

func prefixFrom(p netip.Prefix) prefix {
	bits := uint8(p.Bits())
	if p.Addr().Is4() {
		bits += 96
	}
	return prefix{mask(packet.AddrFrom(p.Addr()), bits), bits}
}

// mask is a with all but its first bits zero. IPv4-mapped addresses keep the
// mark of their family, since their prefixes have 96 bits or more.
func mask(a packet.Addr, bits uint8) packet.Addr {
	hi, lo := ^uint64(0), ^uint64(0)
	if bits < 64 {
		hi, lo = ^(hi >> bits), 0
	} else {
		lo = ^(lo >> (bits - 64))
	}
	binary.BigEndian.PutUint64(a[:8], binary.BigEndian.Uint64(a[:8])&hi)
	binary.BigEndian.PutUint64(a[8:], binary.BigEndian.Uint64(a[8:])&lo)
	return a
}

func (p prefix) contains(a packet.Addr) bool { return mask(a, p.bits) == p.addr }
