// SPDX-License-Identifier: Apache-2.0

package nfqueue_test

import (
	"os"
	"strings"
	"testing"

	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
)

// TestQueueCountsWhatItLost sends more than the queue holds before it reads.
func TestQueueCountsWhatItLost(t *testing.T) {
	w := newWorld(t)
	w.open(w.ports)
	w.set(host.GuardSet{Aside: []host.Tuple{{Proto: packet.ProtoUDP, Addr: at("10.9.1.2:80")}}})
	client := w.dial("udp4", "10.9.1.2:80")
	const sent = 6000
	for range sent {
		say(t, client, "word")
	}
	came := uint64(0)
	for {
		n, err := w.link.Recv(w.batch)
		must(t, err)
		if n == 0 {
			break
		}
		came += uint64(n)
	}
	if lost := w.link.Lost(); lost == 0 || came+lost != sent {
		table, _ := os.ReadFile("/proc/thread-self/net/netfilter/nfnetlink_queue")
		t.Errorf("%d came, %d were lost, %d sent: %s", came, lost, sent, strings.TrimSpace(string(table)))
	}
	t.Logf("%d came", came)
}
