// SPDX-License-Identifier: Apache-2.0

package afpacket_test

import (
	"strings"
	"testing"

	"github.com/ulvs/ulvs/forward"
	"github.com/ulvs/ulvs/forward/afpacket"
	"github.com/ulvs/ulvs/forward/linktest"
	"github.com/ulvs/ulvs/host/hosttest"
)

// TestLink examines the link with small slots and a lane, with wide slots, and
// as it is on an interface with jumbo frames.
func TestLink(t *testing.T) {
	for name, c := range map[string]struct {
		cfg afpacket.Config
		mtu int
		is  string
	}{
		"lane":  {afpacket.Config{Slots: 512}, 1500, "512 slots of 2 KiB and the lane"},
		"jumbo": {afpacket.Config{Slots: 512}, 9000, "512 slots of 16 KiB and the lane"},
		"wide":  {afpacket.Config{Wide: true, Slots: 512}, 1500, "512 slots of 66 KiB"},
	} {
		t.Run(name, func(t *testing.T) {
			linktest.Test(t, func(t *testing.T) (forward.Link, linktest.Far) {
				l, f := openNear(t, c.mtu, c.cfg)
				if rootless := !strings.HasSuffix(l.String(), c.is); rootless && !hosttest.IsAgain() {
					t.Fatalf("the link is %q, want %q", l, c.is)
				}
				return l, f
			})
		})
	}
}

// openNear opens a link on one end of a veth pair whose other end is far.
func openNear(t testing.TB, mtu int, cfg afpacket.Config) (*afpacket.Link, *far) {
	t.Helper()
	near, away := newPlace(t), newPlace(t)
	near.silence()
	away.silence()
	wire(near, "near", away, "far", mtu)
	f := newFar(t, near, away)
	var l *afpacket.Link
	near.do(func() (err error) { l, err = afpacket.Open("near", cfg); return err })
	return l, f
}
