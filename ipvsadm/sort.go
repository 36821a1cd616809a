// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"encoding/binary"
	"net/netip"

	"github.com/ulvs/ulvs"
)

// sorted puts services, and the servers of each, into the order of a listing.
//
// The original compares marks and addresses by the sign of a 32-bit difference, so that
// 192.168.0.1 comes before 10.0.0.1, and "before" goes round in circles. What
// comes out then depends on the sorting method; so we sort as the C library
// does, by merging halves.
func sorted(services []ulvs.ServiceStatus) {
	merge(services, compareServices)
	for _, s := range services {
		merge(s.Servers, compareServers)
	}
}

// merge sorts stably: the left half is the smaller one, and wins ties.
func merge[T any](s []T, compare func(a, b *T) int) {
	if len(s) < 2 {
		return
	}
	half := len(s) / 2
	merge(s[:half], compare)
	merge(s[half:], compare)
	left, right := append([]T(nil), s[:half]...), s[half:]
	for i := range s {
		if len(left) == 0 {
			return // the rest of right lies where it belongs
		}
		if len(right) == 0 || compare(&left[0], &right[0]) <= 0 {
			s[i], left = left[0], left[1:]
		} else {
			s[i], right = right[0], right[1:]
		}
	}
}

func compareServices(a, b *ulvs.ServiceStatus) int {
	if d := int32(a.Mark - b.Mark); d != 0 {
		return int(d)
	}
	if d := family(a.Addr) - family(b.Addr); d != 0 {
		return d
	}
	if d := int(a.Proto) - int(b.Proto); d != 0 {
		return d
	}
	return compareAddrs(a.Addr, b.Addr)
}

func compareServers(a, b *ulvs.ServerStatus) int { return compareAddrs(a.Addr, b.Addr) }

// compareAddrs looks at b as if it were of a's family.
func compareAddrs(a, b netip.AddrPort) int {
	x, y := wordsOfAddr(a.Addr()), wordsOfAddr(b.Addr())
	n := 4
	if a.Addr().Is4() {
		n = 1
	}
	for i := range n {
		if d := int32(x[i] - y[i]); d != 0 {
			return int(d)
		}
	}
	return int(a.Port()) - int(b.Port())
}

// wordsOfAddr is an address as the kernel holds it: IPv4 in the first word.
func wordsOfAddr(a netip.Addr) (w [4]uint32) {
	for i := 0; i < a.BitLen()/32; i++ {
		w[i] = binary.BigEndian.Uint32(a.AsSlice()[4*i:])
	}
	return w
}

func family(ap netip.AddrPort) int {
	if ap.Addr().Is4() {
		return 4
	}
	return 6
}
