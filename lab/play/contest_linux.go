// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Contest is how many scripts are made up and played on the kernel and on
// ulvs at once, event by event.
type Contest struct {
	First   uint64 // the seed of the first; the others follow
	Scripts int
	Events  int  // of each script, about
	Waits   bool // scripts may let minutes go by
	Samples int  // so many scripts are also told as lessons
}

// split shares a contest out; fewer than ten scripts are not worth a boot.
func (o Contest) split(most int) (parts []Contest) {
	n := max(1, min(most, o.Scripts/10))
	for i := range n {
		p := o
		p.First, p.Scripts = o.First+uint64(o.Scripts*i/n), o.Scripts*(i+1)/n-o.Scripts*i/n
		p.Samples = (o.Samples + n - 1) / n
		parts = append(parts, p)
	}
	return parts
}

// An Exam is a script that was played.
type Exam struct {
	Name   string
	Events int
	Took   time.Duration
	Differ string // where kernel and ulvs part; empty: nowhere
	Error  string // why it could not be played to its end; empty: it could
	Kept   int    // of the events, those that the difference needs
	Lesson string // what happened; if they part, what is left of it
}

// probes is how often a script that differs is played again to shrink it.
const probes = 250

// examine makes a script and plays it. What differs has to differ again.
func (o Contest) examine(ctx context.Context, seed uint64, has features, p places) (e Exam) {
	began := time.Now()
	defer func() { e.Took = time.Since(began) }()
	has.waits = o.Waits
	s, err := newScript(ctx, seed, o.Events, has)
	e.Name = s.name
	if err != nil {
		e.Error = err.Error()
		return e
	}
	t, err := contest(ctx, s, p)
	e.Events, e.Lesson = t.events, t.lesson(s.name)
	var where *difference
	switch {
	case errors.As(err, &where):
		e.part(ctx, s, where, p)
	case err != nil:
		e.Error = err.Error()
	}
	return e
}

// part says where the two part, in as few events as it takes.
func (e *Exam) part(ctx context.Context, s script, where *difference, p places) {
	e.Differ = where.Error()
	s.events = s.events[:where.event+1]
	s.events = shrink(s.events, probes, func(less []event) bool {
		_, err := contest(ctx, script{s.name, less}, p)
		var d *difference
		return errors.As(err, &d)
	})
	e.Kept = len(s.events)
	t, err := contest(ctx, s, p)
	e.Lesson = t.lesson(fmt.Sprintf("Made up (%s): what the kernel does, and ulvs did not.", s.name))
	if err != nil {
		e.Differ = err.Error()
	} else {
		e.Differ = "once only, and not when played again: " + e.Differ
	}
}

// contest plays a script on this kernel and in memory.
func contest(ctx context.Context, s script, p places) (t tale, err error) {
	err = apart(func() error {
		w, err := kernel()
		if err == nil {
			t, err = fight(ctx, s, polite{w, p})
		}
		return errors.Join(err, w.close())
	})
	return t, err
}
