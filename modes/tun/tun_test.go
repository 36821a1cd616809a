// SPDX-License-Identifier: Apache-2.0

package tun

import (
	"testing"

	"github.com/ulvs/ulvs/packet"
)

// A super-frame cannot go behind an outer header.
func TestSuperFrame(t *testing.T) {
	var p packet.Packet
	if err := p.FromText("198.51.100.7:1 > 192.0.2.1:2 tcp A gso 1448 len 3000"); err != nil {
		t.Fatal(err)
	}
	if why := Wrap(&p, &p.Flow.Dst.Addr, &packet.Wrap{}); why != packet.TooBig {
		t.Errorf("wrapped: %v", why)
	}
}
