// SPDX-License-Identifier: Apache-2.0

package host

import (
	"net/netip"
	"os/exec"
	"strings"
	"testing"

	"github.com/ulvs/ulvs/packet"
)

// TestGuardReplacesMatches goes from some matches to others and back to none,
// with more than one batch holds; counters go on, and nothing is left behind.
func TestGuardReplacesMatches(t *testing.T) {
	needs(t, "nft")
	namespace(t)
	w := newWire(t)
	g := guarding(t, "d0")
	must(t, g.Set(GuardSet{}))
	empty := chainsOf(t)
	taken, want := uint64(0), uint64(0)
	for _, n := range []int{0, 3, 300, 300, 2, 0, 1} {
		must(t, g.Set(GuardSet{Matches: manyMatches(n)}))
		for _, port := range []int{1, 2, 3, 299, 300, 301} {
			d := datagram{src: casts[0].out(casts[0].client, 7, udp).src, dst: at(casts[0].web, uint16(port)), proto: udp}
			passed := w.passes(frame(w.mac, packet.MAC{4}, d.bytes()))
			if passed != (port > n) {
				t.Errorf("%d matches: to port %d passed: %v", n, port, passed)
			}
			if port <= n {
				want++
			}
		}
	}
	for _, c := range counters(t, g) {
		if c.Rule == ruleMatch {
			taken = c.Packets
		}
	}
	if taken != want {
		t.Errorf("%d packets were counted, want %d", taken, want)
	}
	must(t, g.Set(GuardSet{}))
	if n := chainsOf(t); n != empty {
		t.Errorf("%d chains are left of %d", n, empty)
	}
}

// manyMatches are n overlapping ones.
func manyMatches(n int) (list []Match) {
	for i := range n {
		list = append(list, Match{Dst: netip.PrefixFrom(casts[0].web, i%33), Proto: udp, Ports: []PortRange{{uint16(i + 1), uint16(i + 1)}}})
	}
	return list
}

// chainsOf is how many chains nftables has here.
func chainsOf(t *testing.T) int {
	t.Helper()
	out, err := exec.Command("nft", "list", "chains").CombinedOutput()
	must(t, err)
	return strings.Count(string(out), "chain ")
}
