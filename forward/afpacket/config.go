// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"fmt"
	"os"

	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

// A Config says how a link is set up. The zero Config is what one wants.
type Config struct {
	Slots   int  // frames the ring can hold, rounded up; zero: 4096 small ones, 1024 jumbo or 256 wide
	RecvBuf int  // bytes of super-frames that may queue for the lane; zero: 16 MiB
	Wide    bool // every slot holds a super-frame, as if RecvBuf were refused
	Bypass  bool // send past the queueing discipline: quicker, but unseen by tcpdump on this host
	NoForce bool // act as if SO_RCVBUFFORCE were refused: for tests
}

const defaultRecvBuf = 16 << 20

// A layout is how the ring lies in memory. A slot's size is an odd number of
// cache lines, so that slots in a row do not fall into the same cache sets. With
// pages of 4 KiB a block has as many pages as a slot has lines, and the kernel
// rounds its pages up to a power of two: hence 31 and 255.
type layout struct {
	slot  int // bytes of a slot
	slots int // how many by default
	lane  bool
}

const line = 64 // bytes of a cache line

// The layouts, the one with the smallest slots first. The first holds a frame
// of the usual MTU 1500, the second one of any jumbo MTU.
var (
	small = layout{slot: 31 * line, slots: 4096, lane: true}
	jumbo = layout{slot: 255 * line, slots: 1024, lane: true}
	wide  = layout{slot: 1053 * line, slots: 256}
)

// perBlock is how many slots lie in one piece of kernel memory, which must be
// whole pages: so many fill some without a gap.
func perBlock() int { return os.Getpagesize() / line }

// layoutFor chooses the smallest slots that hold what usually arrives at an
// interface with that MTU.
func layoutFor(mtu int, lane bool) layout {
	for _, l := range []layout{small, jumbo} {
		if lane && l.holds(mtu+packet.MaxFrame-65535) {
			return l
		}
	}
	return wide
}

// holds reports whether a frame of n bytes fits one slot.
func (l layout) holds(n int) bool { return slotFrame+n <= l.slot }

// with is l with at least n slots; zero leaves the default.
func (l layout) with(n int) layout {
	if n == 0 {
		n = l.slots
	}
	k := perBlock()
	l.slots = (n + k - 1) / k * k
	return l
}

// request is l in the kernel's words.
func (l layout) request() unix.TpacketReq {
	return unix.TpacketReq{
		Block_size: uint32(l.slot * perBlock()),
		Block_nr:   uint32(l.slots / perBlock()),
		Frame_size: uint32(l.slot),
		Frame_nr:   uint32(l.slots),
	}
}

func (l layout) bytes() int { return l.slot * l.slots }

// String is how status shows it.
func (l layout) String() string {
	s := fmt.Sprintf("%d slots of %d KiB", l.slots, (l.slot+512)/1024)
	if l.lane {
		s += " and the lane"
	}
	return s
}
