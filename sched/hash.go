// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"encoding/binary"

	"github.com/ulvs/ulvs/packet"
)

// hash32 is the kernel's multiplicative hash of a number, in so many bits: the
// highest of the product with 2^32 divided by the golden ratio (Knuth, The Art
// of Computer Programming 3, 6.4). sh, dh, lblc and lblcr use it since 4.18;
// before, they used the lowest bits of another product, and chose otherwise.
func hash32(v uint32, bits int) uint32 { return v * 0x61C88647 >> (32 - bits) }

// fold is an address as a number: of IPv6 the four words are XORed.
func fold(a *packet.Addr) uint32 {
	last := binary.BigEndian.Uint32(a[12:])
	if a.Is4() {
		return last
	}
	return last ^ binary.BigEndian.Uint32(a[0:]) ^ binary.BigEndian.Uint32(a[4:]) ^ binary.BigEndian.Uint32(a[8:])
}

// client is the number by which sh and mh know a client: its address, plus the
// port if ports count and the protocol has them.
func client(f *packet.Flow, ports bool) uint32 {
	v := fold(&f.Src.Addr)
	if ports && (f.Proto == packet.ProtoTCP || f.Proto == packet.ProtoUDP || f.Proto == packet.ProtoSCTP) {
		v += uint32(f.Src.Port)
	}
	return v
}
