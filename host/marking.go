// SPDX-License-Identifier: Apache-2.0

package host

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// A marking is what a rule does to a mark: the bits of mask become those of
// value. What the others become is not known.
type marking struct{ value, mask uint32 }

// may reports whether the mark may come out.
func (m marking) may(mark uint32) bool { return (mark^m.value)&m.mask == 0 }

// savedMark reads the word behind --set-xmark: the bits of the mask are
// cleared, then the value's turned about.
func savedMark(word string) marking {
	value, mask, _ := strings.Cut(word, "/")
	v, err1 := strconv.ParseUint(value, 0, 32)
	m, err2 := strconv.ParseUint(mask, 0, 32)
	if err1 != nil || err2 != nil {
		return marking{}
	}
	return marking{uint32(v), uint32(m)}
}

// markingOf is a mark that was loaded into a register, in the machine's order.
func markingOf(c []cell) marking {
	var value, mask [4]byte
	for i := range c {
		if c[i].known {
			value[i], mask[i] = c[i].b, 0xff
		}
	}
	return marking{binary.NativeEndian.Uint32(value[:]), binary.NativeEndian.Uint32(mask[:])}
}
