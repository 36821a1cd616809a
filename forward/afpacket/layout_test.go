// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"os"
	"testing"

	"github.com/ulvs/ulvs/packet"
)

// TestLayouts: the kernel wants blocks of whole pages, slots of multiples of 16
// bytes, and as many slots as the blocks hold.
func TestLayouts(t *testing.T) {
	for _, l := range []layout{small, jumbo, wide, small.with(1), wide.with(1000)} {
		l = l.with(l.slots)
		r := l.request()
		if int(r.Block_size)%os.Getpagesize() != 0 || r.Frame_size%16 != 0 {
			t.Errorf("%v: blocks of %d bytes, slots of %d", l, r.Block_size, r.Frame_size)
		}
		if r.Block_size/r.Frame_size*r.Block_nr != r.Frame_nr {
			t.Errorf("%v: %d slots, not what %d blocks hold", l, r.Frame_nr, r.Block_nr)
		}
		if l.slot/line%2 == 0 {
			t.Errorf("%v: slots in a row share their cache sets", l)
		}
	}
	if !wide.holds(packet.MaxFrame) {
		t.Error("a wide slot does not hold the longest frame")
	}
	if headroom < packet.Headroom+tagLen {
		t.Errorf("%d bytes of headroom, too few for a tag besides", headroom)
	}
}

func TestLayoutForMTU(t *testing.T) {
	for _, c := range []struct {
		mtu  int
		lane bool
		want layout
	}{
		{1500, true, small}, {1504, true, small}, {576, true, small},
		{9000, true, jumbo}, {16000, true, jumbo},
		{65535, true, wide}, {1500, false, wide}, {9000, false, wide},
	} {
		if got := layoutFor(c.mtu, c.lane); got != c.want {
			t.Errorf("mtu %d, lane %v: %v, want %v", c.mtu, c.lane, got, c.want)
		}
	}
}
