// SPDX-License-Identifier: Apache-2.0

package sched

import "math/bits"

// A sipKey is the key of a hash.
type sipKey struct{ k0, k1 uint64 }

// sum is the kernel's hsiphash of one word as machines of 64 bits compute it:
// the low half of SipHash-1-3 over its four bytes, the lowest first. (Kernels
// of 32 bits use HalfSipHash, and so choose other servers.)
//
// Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012.
func (k sipKey) sum(word uint32) uint32 {
	s := sipState{0x736f6d6570736575 ^ k.k0, 0x646f72616e646f6d ^ k.k1, 0x6c7967656e657261 ^ k.k0, 0x7465646279746573 ^ k.k1}
	last := uint64(4)<<56 | uint64(word) // the length of the input stands in the top byte
	s[3] ^= last
	s.round()
	s[0] ^= last
	s[2] ^= 0xff
	s.round()
	s.round()
	s.round()
	return uint32(s[0] ^ s[1] ^ s[2] ^ s[3])
}

type sipState [4]uint64

func (s *sipState) round() {
	s[0] += s[1]
	s[1] = bits.RotateLeft64(s[1], 13) ^ s[0]
	s[0] = bits.RotateLeft64(s[0], 32)
	s[2] += s[3]
	s[3] = bits.RotateLeft64(s[3], 16) ^ s[2]
	s[0] += s[3]
	s[3] = bits.RotateLeft64(s[3], 21) ^ s[0]
	s[2] += s[1]
	s[1] = bits.RotateLeft64(s[1], 17) ^ s[2]
	s[2] = bits.RotateLeft64(s[2], 32)
}
