// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/ulvs/ulvs"
)

// Each new connection looks at every rule, so there is an end to them.
func TestMarkRulesAreBounded(t *testing.T) {
	b := newBench(t)
	rule := func(mark uint32) ulvs.Command {
		return ulvs.Command{Verb: ulvs.AddMark, Mark: ulvs.MarkRule{
			Dst: netip.MustParsePrefix("192.0.2.1/32"), Mark: mark, Mask: 0xffffffff,
		}}
	}
	add := func(yield func(ulvs.Command) bool) {
		for n := range uint32(maxMarks) {
			if !yield(rule(n + 1)) {
				return
			}
		}
	}
	err := b.Apply(context.Background(), add, func(_ int, err error) error { return err })
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Do(context.Background(), rule(maxMarks+1)); !errors.Is(err, ulvs.ErrRange) {
		t.Errorf("one more: %v", err)
	}
	if all, _ := b.Marks(context.Background()); len(all) != maxMarks {
		t.Errorf("%d rules", len(all))
	}
}

// All rules that match apply, so where a rule stands is what counts.
func TestInsertMark(t *testing.T) {
	b := newBench(t)
	rule := func(mark uint32) ulvs.MarkRule {
		return ulvs.MarkRule{Dst: netip.MustParsePrefix("0.0.0.0/0"), Mark: mark, Mask: 0xff}
	}
	for _, c := range []ulvs.Command{
		{Verb: ulvs.AddMark, Mark: rule(2)}, {Verb: ulvs.InsertMark, Mark: rule(1)}, {Verb: ulvs.AddMark, Mark: rule(3)},
	} {
		if err := b.Do(context.Background(), c); err != nil {
			t.Fatal(err)
		}
	}
	all, _ := b.Marks(context.Background())
	if want := []ulvs.MarkRule{rule(1), rule(2), rule(3)}; !slices.Equal(all, want) {
		t.Errorf("the rules are %v, want %v", all, want)
	}
	if err := b.Do(context.Background(), ulvs.Command{Verb: ulvs.InsertMark, Mark: rule(3)}); !errors.Is(err, ulvs.ErrMarkExists) {
		t.Errorf("a rule that is there: %v", err)
	}
}

// What bears a mark, and finds no server, goes where it wanted to go, for as
// long as it likes: it has no server that could be deleted.
func TestBypassOutlivesSweeps(t *testing.T) {
	b := newBench(t)
	farm(b, byMark(7, "rr"))
	for _, c := range []ulvs.Command{
		{Verb: ulvs.AddMark, Mark: ulvs.MarkRule{Dst: netip.MustParsePrefix("203.0.113.0/24"), Mark: 7, Mask: 0xffffffff}},
		{Verb: ulvs.SetSysctl, Sysctl: ulvs.Sysctl{Name: "cache_bypass", Value: "1"}},
		{Verb: ulvs.SetSysctl, Sysctl: ulvs.Sysctl{Name: "expire_nodest_conn", Value: "1"}},
	} {
		if err := b.Do(context.Background(), c); err != nil {
			t.Fatal(err)
		}
	}
	for _, flags := range []string{"S", "A", "PA"} {
		got := b.in(0, "198.51.100.7:1 > 203.0.113.9:80 tcp "+flags)
		if !strings.Contains(got, "> 203.0.113.9:80") || b.Status().Connections != 1 {
			t.Errorf("%s: %s, and %d connections", flags, got, b.Status().Connections)
		}
	}
}
