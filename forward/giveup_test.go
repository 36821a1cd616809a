// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"strings"
	"testing"
	"time"
)

// A client whose real server answers no ARP hears so from the VIP, about the
// packet that it sent, as recorded on Linux 6.1, in nat and in dr.
func TestSilentServer(t *testing.T) {
	for _, server := range []string{"10.0.0.9:8080 nat 1", "10.0.0.9:80 dr 1"} {
		b := newBench(t, "add-service tcp 192.0.2.1:80 rr", "add-server tcp 192.0.2.1:80 "+server)
		var told []string
		b.in(0, "198.51.100.7:1 > 192.0.2.1:80 tcp S")
		for range 80 {
			b.now += 50 * time.Millisecond
			b.eth[0].sent = nil
			if _, err := b.Turn(b.now); err != nil {
				t.Fatal(err)
			}
			told = append(told, b.eth[0].sent...)
		}
		want := "192.0.2.1 > 198.51.100.7 icmp host-unreachable { 198.51.100.7:1 > 192.0.2.1:80 tcp S"
		if len(told) != 1 || !strings.HasPrefix(told[0], want) || !strings.Contains(told[0], "ttl 63") {
			t.Errorf("%s: told %q\nwant one %q …", server, told, want)
		}
	}
}
