// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// ErrElsewhere is what a player returns that cannot play a lesson, because the
// lesson is for memory only, or for ulvs only.
var ErrElsewhere = errors.New("for another player")

// Play reads a lesson and plays it in a fresh world.
func Play(ctx context.Context, name string, lesson io.Reader, w World) error {
	l, err := Read(name, lesson)
	if err != nil {
		return err
	}
	return l.Play(ctx, w)
}

// Play plays the lesson in a fresh world. An error is the first claim that does
// not hold.
func (l *Lesson) Play(ctx context.Context, w World) error {
	p := &player{ctx: ctx, world: w, traits: w.Traits(), began: time.Now(), names: map[string]string{}}
	if err := l.elsewhere(p.traits); err != nil {
		return err
	}
	for _, s := range l.steps {
		if err := p.step(s); err != nil {
			return fmt.Errorf("%s:%d: %s\n  played %s:\n%w", l.Name, s.line, s.text, p.traits.Name, err)
		}
	}
	if err := p.explained(); err != nil {
		return fmt.Errorf("%s: at the end, played %s:\n%w", l.Name, p.traits.Name, err)
	}
	return nil
}

// elsewhere is why the lesson cannot be played in a world, nil if it can.
func (l *Lesson) elsewhere(t Traits) error {
	switch {
	case l.MemoryOnly != "" && !t.Virtual:
		return fmt.Errorf("%s: %w: memory only: %s", l.Name, ErrElsewhere, l.MemoryOnly)
	case l.UlvsOnly != "" && t.Truth:
		return fmt.Errorf("%s: %w: ulvs only: %s", l.Name, ErrElsewhere, l.UlvsOnly)
	}
	return nil
}

// A player is one lesson being played.
type player struct {
	ctx    context.Context
	world  World
	traits Traits
	cause  string // the line whose effect is being looked at
	effect Effect // what of it has not been explained yet
	began  time.Time
	waited time.Duration
	names  map[string]string // ports that the director chose, by their names
	leave  bool              // the packet was the host's, which may answer, and no line claims an answer
}

// late is how much more time has gone by than the lesson has waited.
func (p *player) late() time.Duration {
	if p.traits.Virtual {
		return 0
	}
	return time.Since(p.began) - p.waited
}

// step plays one line; where the kernel differs on purpose, it has to.
func (p *player) step(s step) error {
	err := s.act.play(p)
	if s.differs == "" || !p.traits.Truth {
		return err
	}
	if err == nil {
		return fmt.Errorf("  the kernel does so too: take the line \"differs\" away (%s)", s.differs)
	}
	p.effect.Left = [ports][][]byte{}
	return nil
}

// begin turns to the effect of a new cause; the old must be explained.
func (p *player) begin(cause string, do func() (Effect, error)) error {
	if err := p.explained(); err != nil {
		return err
	}
	e, err := do()
	p.cause, p.effect, p.leave = cause, e, false
	return err
}

// explained complains of what left unclaimed.
func (p *player) explained() error {
	for port, frames := range p.effect.Left {
		if len(frames) > 0 && (!p.leave || p.traits.Hostless) {
			return fmt.Errorf("  no line claims what left for this line:\n    %s\n  came: %s",
				p.cause, seen(port, frames[0]))
		}
	}
	return nil
}
