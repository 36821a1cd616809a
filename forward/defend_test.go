// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"testing"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/packet"
)

// drop_packet is asked about whatever would open a connection: an ICMP error
// too, if those are scheduled. Of level 3 it gives up the first.
func TestSieveOfRelated(t *testing.T) {
	const unreachable = "203.0.113.9 > 192.0.2.1 icmp port-unreachable { 192.0.2.1:80 > 198.51.100.7:1001 tcp }"
	b := newBench(t)
	farm(b, onPort(ulvs.TCP, "192.0.2.1:80", "rr"), "10.0.0.1:80")
	for name, value := range map[string]string{"schedule_icmp": "1", "drop_packet": "3"} {
		c := ulvs.Command{Verb: ulvs.SetSysctl, Sysctl: ulvs.Sysctl{Name: name, Value: value}}
		if err := b.Do(context.Background(), c); err != nil {
			t.Fatal(err)
		}
	}
	b.in(0, unreachable)
	if s := b.Status(); s.Connections != 0 || s.Drops[packet.Sieved.Error()] != 1 {
		t.Errorf("the first: %d connections, %v", s.Connections, s.Drops)
	}
	b.in(0, unreachable)
	if s := b.Status(); s.Connections != 1 {
		t.Errorf("the second: %d connections, %v", s.Connections, s.Drops)
	}
}
