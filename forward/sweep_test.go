// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/conntrack"
)

func sweeping(t *testing.T, b *bench) {
	t.Helper()
	c := ulvs.Command{Verb: ulvs.SetSysctl, Sysctl: ulvs.Sysctl{Name: "expire_nodest_conn", Value: "1"}}
	if err := b.Do(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// A server that is deleted and added again in one change keeps its connections:
// the kernel, too, sweeps a moment later.
func TestSweepComesLast(t *testing.T) {
	b := webNAT(t)
	sweeping(t, b)
	b.in(0, client+" > 192.0.2.1:80 tcp S")
	again := []ulvs.Command{
		command("delete-server tcp 192.0.2.1:80 10.0.0.2:8080"), command("add-server tcp 192.0.2.1:80 10.0.0.2:8080 nat 1"),
	}
	if err := b.Apply(t.Context(), slices.Values(again), func(_ int, err error) error { return err }); err != nil {
		t.Fatal(err)
	}
	if n := b.w.table.Len(); n != 1 {
		t.Errorf("%d connections, want the one there was", n)
	}
	b.do("delete-server tcp 192.0.2.1:80 10.0.0.2:8080")
	if n := b.w.table.Len(); n != 0 {
		t.Errorf("%d connections of a deleted server", n)
	}
}

// Also more connections than one batch ends go with their server, and the
// assured templates that led to it.
func TestSweepOfMany(t *testing.T) {
	const many = conntrack.ExpireAtOnce + 1000
	b, s := newBench(t), onPort(ulvs.UDP, "192.0.2.1:53", "rr")
	b.w.table = conntrack.NewTable(2*many, conntrack.Defaults(), 1)
	s.Persist = 3600
	farm(b, s, "10.0.0.1:53")
	sweeping(t, b)
	for i := range many {
		from := fmt.Sprintf("198.51.%d.%d:%d", 100+i%4, 7, 1000+i)
		b.in(0, from+" > 192.0.2.1:53 udp")
		b.in(1, "10.0.0.1:53 > "+from+" udp")
	}
	if n := len(b.templates()); n != 4 {
		t.Fatalf("%d templates, want 4", n)
	}
	b.do("delete-server udp 192.0.2.1:53 10.0.0.1:53")
	b.until(b.now + 2*time.Second)
	if n := b.w.table.Len(); n != 0 {
		t.Errorf("%d entries are left, %q among them", n, b.templates())
	}
}
