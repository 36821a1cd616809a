// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"testing"
	"time"

	"github.com/ulvs/ulvs"
)

// An open connection is remembered for 900 s after its last packet, of either
// side, to the second.
func TestSilenceEndsAConnection(t *testing.T) {
	b := newBench(t)
	farm(b, onPort(ulvs.TCP, "192.0.2.1:80", "rr"), "10.0.0.1:80")
	b.in(0, "198.51.100.7:1001 > 192.0.2.1:80 tcp S")
	b.in(1, "10.0.0.1:80 > 198.51.100.7:1001 tcp SA")
	b.in(0, "198.51.100.7:1001 > 192.0.2.1:80 tcp A")
	b.until(899 * time.Second)
	b.in(1, "10.0.0.1:80 > 198.51.100.7:1001 tcp PA")
	b.until((899 + 899) * time.Second)
	if n := b.Status().Connections; n != 1 {
		t.Errorf("a second before its time: %d connections", n)
	}
	b.until((899 + 900) * time.Second)
	if n := b.Status().Connections; n != 0 {
		t.Errorf("at its time: %d connections", n)
	}
}
