// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"testing"
	"time"

	"github.com/ulvs/ulvs"
)

// Connections are listed once each, and no copy of them all is made, for which
// packets would wait: those that end while others are read are not listed.
func TestConnsInParts(t *testing.T) {
	b := newBench(t)
	farm(b, onPort(ulvs.UDP, "192.0.2.1:53", "rr"), "10.0.0.1:53")
	const many = 3*atOnce + 7
	for i := range many {
		b.in(0, fmt.Sprintf("198.51.100.7:%d > 192.0.2.1:53 udp", 1000+i))
	}
	seen := map[uint16]int{}
	for c := range b.Conns(t.Context()) {
		seen[c.Client.Port()]++
	}
	for i := range many {
		if n := seen[uint16(1000+i)]; n != 1 {
			t.Fatalf("connection %d is listed %d times", i, n)
		}
	}
	n := 0
	for range b.Conns(t.Context()) {
		b.now = time.Hour
		n++
	}
	if n == 0 || n > atOnce {
		t.Errorf("%d are listed of which all but %d were over", n, atOnce)
	}
}
