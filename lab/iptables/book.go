// SPDX-License-Identifier: Apache-2.0

package iptables

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/ulvs/ulvs"
)

// A book is the director's mark rules: own, those of this program's family, in
// their order, and those of the other, which it leaves alone.
type book struct {
	director   ulvs.Director
	own, other []ulvs.MarkRule
}

func (p Program) book() (*book, error) {
	d, err := p.Dial()
	if err != nil {
		return nil, err
	}
	all, err := d.Marks(context.Background())
	if err != nil {
		return nil, err
	}
	b := &book{director: d}
	for _, r := range all {
		if r.Dst.Addr().Is6() == (p.Name == "ip6tables") {
			b.own = append(b.own, r)
		} else {
			b.other = append(b.other, r)
		}
	}
	return b, nil
}

// add puts a rule behind the last.
func (b *book) add(r ulvs.MarkRule) error {
	return b.director.Do(context.Background(), ulvs.Command{Verb: ulvs.AddMark, Mark: r})
}

// insert makes a rule number n, counted from 1.
func (b *book) insert(n int, r ulvs.MarkRule) error {
	if n > len(b.own)+1 {
		return fmt.Errorf("insert as number %d: the last rule is number %d", n, len(b.own))
	}
	return b.write(slices.Insert(b.own, n-1, r))
}

// remove takes rule number n out, counted from 1.
func (b *book) remove(n int) error {
	if n < 1 || n > len(b.own) {
		return fmt.Errorf("delete number %d: the last rule is number %d", n, len(b.own))
	}
	return b.director.Do(context.Background(), ulvs.Command{Verb: ulvs.DeleteMark, Mark: b.own[n-1]})
}

// write makes these the rules of the family. The director knows no order but
// that of adding, so all are added anew; no packet sees them half.
func (b *book) write(own []ulvs.MarkRule) error {
	lines := []ulvs.Command{{Verb: ulvs.FlushMarks}}
	for _, r := range slices.Concat(b.other, own) {
		lines = append(lines, ulvs.Command{Verb: ulvs.AddMark, Mark: r})
	}
	var failed []error
	note := func(_ int, err error) error {
		failed = append(failed, err)
		return nil
	}
	err := b.director.Apply(context.Background(), slices.Values(lines), note)
	return errors.Join(append(failed, err)...)
}
