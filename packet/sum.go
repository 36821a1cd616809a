// SPDX-License-Identifier: Apache-2.0

package packet

import "math/bits"

// The Internet checksum (RFC 1071) is the complement of the one's complement
// sum of 16-bit words. A header that changes need not be summed again: with
// RFC 1624, equation 3,
//
//	check' = ~(~check + ~old + new)
//
// A field that is unfinished (see Offload) holds a sum, not its complement,
// and of the pseudo-header alone:
//
//	field' = field + ~old + new

// Sum adds the 16-bit words of b to s and folds the carries back in; an odd last
// byte counts as if a zero followed it. It goes eight bytes at a time: the
// carries of a wider sum fold into the same result, because 2^16-1 divides
// 2^64-1.
func Sum(b []byte, s uint32) uint32 {
	t, carry := uint64(s), uint64(0)
	for ; len(b) >= 32; b = b[32:] {
		t, carry = bits.Add64(t, be.Uint64(b), carry)
		t, carry = bits.Add64(t, be.Uint64(b[8:]), carry)
		t, carry = bits.Add64(t, be.Uint64(b[16:]), carry)
		t, carry = bits.Add64(t, be.Uint64(b[24:]), carry)
	}
	for ; len(b) >= 8; b = b[8:] {
		t, carry = bits.Add64(t, be.Uint64(b), carry)
	}
	t = t>>32 + t&0xffffffff + carry
	for ; len(b) > 1; b = b[2:] {
		t += uint64(be.Uint16(b))
	}
	if len(b) == 1 {
		t += uint64(b[0]) << 8
	}
	return uint32(fold(t))
}

// fold brings the carries of a sum home.
func fold(s uint64) uint16 {
	s = s>>32 + s&0xffffffff
	s = s>>16 + s&0xffff
	s = s>>16 + s&0xffff
	return uint16(s>>16 + s&0xffff)
}

// replace writes now over was, both of the same even length, and returns what
// that adds to the sum of the bytes around them: the "~old + new" above.
func replace(was, now []byte) uint32 {
	var d uint64
	for i := 0; i+1 < len(now); i += 2 {
		d += uint64(^be.Uint16(was[i:])) + uint64(be.Uint16(now[i:]))
	}
	copy(was, now)
	return uint32(fold(d))
}

// mend applies equation 3 to a finished checksum.
func mend(field []byte, delta uint32) {
	be.PutUint16(field, ^fold(uint64(^be.Uint16(field))+uint64(delta)))
}

// finished is a checksum field over bytes of that sum. In UDP zero would mean
// that there is none.
func finished(proto uint8, s uint32) uint16 {
	if s == 0xffff && proto == ProtoUDP {
		return 0xffff
	}
	return ^uint16(s)
}
