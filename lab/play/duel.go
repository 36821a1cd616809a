// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A duel plays a script on two directors, event by event, and compares what
// they do: what leaves, what listings say, what commands are refused.
//
// The truth lives in real time. Ours lives in virtual time, and is told before
// each event how late it is.
type duel struct {
	truth World
	ours  *memory
	cast  cast
	began time.Time
	tale  tale
}

// A difference is where the two part.
type difference struct {
	event       int // of the script
	line        string
	truth, ours string // what each did
}

func (d *difference) Error() string {
	return fmt.Sprintf("event %d: %s\n  the kernel:\n%s  ulvs:\n%s", d.event, d.line, indent(d.truth), indent(d.ours))
}

// fight plays the script. The error is a *difference, or what kept it from
// being played.
func fight(ctx context.Context, s script, truth World) (tale, error) {
	ours, err := newMemory()
	if err != nil {
		return tale{}, err
	}
	defer ours.engine.Close()
	d := &duel{truth: truth, ours: ours, cast: cast{}, began: time.Now()}
	for i, e := range s.events {
		line, ok := d.cast.line(e)
		if !ok {
			continue
		}
		if err := d.event(ctx, i, line, e.talk); err != nil {
			return d.tale, err
		}
	}
	return d.tale, nil
}

// event plays one line.
func (d *duel) event(ctx context.Context, i int, line string, t talk) error {
	word, _, _ := strings.Cut(line, " ")
	a, err := verbs[word](line)
	if err != nil {
		return fmt.Errorf("event %d: %s: %w", i, line, err)
	}
	var x, y outcome
	switch a := a.(type) {
	case *arrival:
		x, y, err = d.arrive(ctx, a)
		d.cast.note(t, x.effect)
	case *command:
		x, y, err = d.command(ctx, a)
	case *pause:
		x, y, err = d.pause(ctx, a)
	}
	if err != nil {
		return fmt.Errorf("event %d: %s: %w", i, line, err)
	}
	d.tale.add(line, x, y)
	if x.agrees(y) {
		return nil
	}
	return &difference{i, line, x.String(), y.String()}
}

// catchUp lets ours become as late as it is.
func (d *duel) catchUp(ctx context.Context) (Effect, error) {
	late := time.Since(d.began) - d.ours.now
	if late <= 0 {
		return Effect{}, nil
	}
	return d.ours.Wait(ctx, late)
}

func (d *duel) arrive(ctx context.Context, a *arrival) (x, y outcome, err error) {
	if _, err = d.catchUp(ctx); err != nil {
		return x, y, err
	}
	x.came, y.came = a.frame, a.frame
	if x.effect, err = d.truth.Arrive(ctx, a.port, a.frame); err != nil {
		return x, y, err
	}
	y.effect, err = d.ours.Arrive(ctx, a.port, slices.Clone(a.frame))
	return x, y, err
}

func (d *duel) pause(ctx context.Context, w *pause) (x, y outcome, err error) {
	if x.effect, err = d.truth.Wait(ctx, w.time); err != nil {
		return x, y, err
	}
	y.effect, err = d.catchUp(ctx)
	return x, y, err
}

// command carries a command out on both. A listing may be late, on either side.
func (d *duel) command(ctx context.Context, c *command) (x, y outcome, err error) {
	for end := time.Now().Add(settling); ; time.Sleep(10 * look) {
		if _, err = d.catchUp(ctx); err != nil {
			return x, y, err
		}
		x, y = outcome{command: c}, outcome{command: c}
		if x.answer, err = d.truth.Run(ctx, c.args, ""); err != nil {
			return x, y, err
		}
		if y.answer, err = d.ours.Run(ctx, c.args, ""); err != nil {
			return x, y, err
		}
		if !c.lists() || x.agrees(y) || time.Now().After(end) {
			return x, y, nil
		}
	}
}
