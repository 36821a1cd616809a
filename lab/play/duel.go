// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	for i, n := 0, 0; i < len(s.events); i += n {
		n = group(s.events[i:])
		if err := d.events(ctx, s.events[i:i+n]); err != nil {
			return d.tale, d.at(i+n-1, err)
		}
	}
	return d.tale, nil
}

// at says at which event it was.
func (d *duel) at(i int, err error) error {
	var where *difference
	if errors.As(err, &where) {
		where.event = i
		return where
	}
	return fmt.Errorf("event %d: %w", i, err)
}

// events plays one event, or a group.
func (d *duel) events(ctx context.Context, all []event) error {
	if len(all) > 1 {
		line, c := joined(all)
		return d.event(ctx, line, c, talk{})
	}
	line, ok := d.cast.line(all[0])
	if !ok {
		return nil
	}
	a, err := readLine(line)
	if err != nil {
		return err
	}
	return d.event(ctx, line, a, all[0].talk)
}

// event plays one line.
func (d *duel) event(ctx context.Context, line string, a act, t talk) (err error) {
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
		return fmt.Errorf("%s: %w", line, err)
	}
	d.tale.add(line, x, y)
	if x.agrees(y) {
		return nil
	}
	return &difference{0, d.tale.last(), x.String(), y.String()}
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
	for end := time.Now().Add(settling); ; time.Sleep(30 * look) {
		if _, err = d.catchUp(ctx); err != nil {
			return x, y, err
		}
		x, y = outcome{command: c}, outcome{command: c}
		if x.answer, err = d.truth.Run(ctx, c.args, c.in); err != nil {
			return x, y, err
		}
		if y.answer, err = d.ours.Run(ctx, c.args, c.in); err != nil {
			return x, y, err
		}
		if !c.lists() || x.agrees(y) || time.Now().After(end) {
			return x, y, nil
		}
	}
}
