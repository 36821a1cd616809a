// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"bytes"
	"testing"
)

// The example of RFC 1071 §3.
func TestSumExample(t *testing.T) {
	if got := Sum([]byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}, 0); got != 0xddf2 {
		t.Errorf("%#x, and RFC 1071 has 0xddf2", got)
	}
}

// The example of RFC 1624 §4: equation 2 would give 0xffff here.
func TestMendExample(t *testing.T) {
	field := []byte{0xdd, 0x2f}
	mend(field, uint32(^uint16(0x5555))+0x3285)
	if !bytes.Equal(field, []byte{0, 0}) {
		t.Errorf("%x, and RFC 1624 has 0000", field)
	}
}

// FuzzSum: the fast sum is the slow one.
func FuzzSum(f *testing.F) {
	f.Add([]byte{0xff, 0xff, 0xff}, uint32(0xffffffff))
	f.Add(bytes.Repeat([]byte{0xff}, 77), uint32(0))
	f.Add(bytes.Repeat([]byte{0}, 64), uint32(0))
	f.Fuzz(func(t *testing.T, b []byte, s uint32) {
		s >>= 1 // both take what sums of 16-bit words come to
		if fast, slow := Sum(b, s), slowSum(b, s); fast != slow {
			t.Fatalf("Sum(%x, %d) = %#x, slow %#x", b, s, fast, slow)
		}
	})
}

func BenchmarkSum1500(b *testing.B) {
	data := make([]byte, 1500)
	b.SetBytes(1500)
	for b.Loop() {
		Sum(data, 0)
	}
}

// slowSum is Sum, slow and obvious.
func slowSum(b []byte, s uint32) uint32 {
	for ; len(b) > 1; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
		s = s>>16 + s&0xffff
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	return uint32(fold(uint64(s)))
}
