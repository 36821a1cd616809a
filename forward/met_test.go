// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"testing"
	"time"

	"github.com/ulvs/ulvs"
)

// Where a mark of the host's brought connections, packets are queued for as long
// as there are any; not where a rule of ours takes them before.
func TestMet(t *testing.T) {
	b, q, m := queued(t)
	tick := func() {
		t.Helper()
		if err := b.Tick(b.now); err != nil {
			t.Fatal(err)
		}
	}
	q.lines = []string{"198.51.100.7:1 > 192.0.2.1:80 tcp S", "198.51.100.7:1 > 192.0.2.1:80 tcp R"}
	b.in(0, "198.51.100.7:9 > 192.0.2.9:9 udp")
	tick()
	if len(m.set.Aside) != 1 || m.set.Aside[0].Addr.String() != "192.0.2.1:80" {
		t.Fatalf("aside: %v", m.set.Aside)
	}
	mark := ulvs.Command{Verb: ulvs.AddMark}
	var err error
	if mark.Mark, err = ulvs.ParseMark([]string{"-d", "192.0.2.1", "-p", "tcp", "--dport", "80", "-j", "MARK", "--set-mark", "7"}); err == nil {
		err = b.Do(context.Background(), mark)
	}
	if err != nil {
		t.Fatal(err)
	}
	if len(m.set.Aside) != 0 || len(b.set.Matches) != 1 {
		t.Errorf("with a rule of ours: aside %v, matches %v", m.set.Aside, b.set.Matches)
	}
	mark.Verb = ulvs.DeleteMark
	if err := b.Do(context.Background(), mark); err != nil || len(m.set.Aside) != 1 {
		t.Errorf("without it: %v, aside %v", err, m.set.Aside)
	}
	b.until(2 * time.Minute) // SYN_RECV has ended
	tick()
	if len(m.set.Aside) != 0 {
		t.Errorf("after the connection: %v", m.set.Aside)
	}
	if st := b.Status(); st.Queued != 2 || len(b.w.met) != 0 {
		t.Errorf("queued %d, met %v", st.Queued, b.w.met)
	}
}
