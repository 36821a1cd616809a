// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"
)

// A churn makes a script out of a seed: services come and change and go, and
// clients and servers say what clients and servers say, or what they should not.
// Each event is played in memory at once, so that the next one knows where it is.
type churn struct {
	*rand.Rand
	has      features
	world    *memory
	cast     cast
	script   script
	services []*service
	talks    []talk
}

// A service is what a churn believes of a service.
type service struct {
	proto   string // "tcp"
	virtual netip.AddrPort
	servers []string // of which some may be gone, and others have come
}

// newScript makes the script of a seed, of so many events and a listing at the end.
func newScript(ctx context.Context, seed uint64, events int, has features) (script, error) {
	m, err := newMemory()
	if err != nil {
		return script{}, err
	}
	defer m.engine.Close()
	c := &churn{Rand: rand.New(rand.NewPCG(seed, 0)), has: has, world: m, cast: cast{}}
	c.script.name = fmt.Sprint("seed-", seed)
	for range 1 + c.IntN(3) {
		c.addService(ctx)
	}
	for len(c.script.events) < events {
		c.move()(ctx)
	}
	for _, line := range has.listings() {
		c.does(ctx, event{line: line})
	}
	return c.script, ctx.Err()
}

// move is what to do next.
func (c *churn) move() func(context.Context) {
	switch n := c.IntN(1000); {
	case n < 250 || len(c.talks) == 0:
		return c.open
	case n < 750:
		return c.talk
	case n < 790:
		return c.misfit
	case n < 800 && c.has.waits:
		return c.wait
	case n < 830:
		return c.look
	case n < 845 && len(c.has.sysctls) > 0:
		return c.sysctl
	}
	return c.change
}

// does appends an event, and plays it.
func (c *churn) does(ctx context.Context, e event) {
	c.script.events = append(c.script.events, e)
	line, ok := c.cast.line(e)
	if !ok {
		return
	}
	switch a := mustRead(line).(type) {
	case *arrival:
		if left, err := c.world.Arrive(ctx, a.port, a.frame); err == nil {
			c.cast.note(e.talk, left)
		}
	case *command:
		c.world.Run(ctx, a.args, "")
	case *pause:
		c.world.Wait(ctx, a.time)
	}
}

// mustRead reads a line that we wrote.
func mustRead(line string) act {
	l := &Lesson{}
	if err := l.add(1, line); err != nil {
		panic(fmt.Sprintf("a script has a line that no lesson has: %s: %v", line, err))
	}
	return l.steps[0].act
}

func (c *churn) chance(percent int) bool { return c.IntN(100) < percent }

func (c *churn) does1(ctx context.Context, format string, args ...any) {
	c.does(ctx, event{line: fmt.Sprintf(format, args...)})
}

// pick is one of them.
func pick[T any](c *churn, of []T) T { return of[c.IntN(len(of))] }

// look lists something.
func (c *churn) look(ctx context.Context) {
	c.does1(ctx, "%s", pick(c, c.has.listings()[:c.has.quick()]))
}

func (c *churn) sysctl(ctx context.Context) { c.does1(ctx, "sysctl %s", pick(c, c.has.sysctls)) }

// wait lets time go by, but not to where something ends within three seconds:
// the worlds' clocks are not that exact.
func (c *churn) wait(ctx context.Context) {
	for range 20 {
		d := time.Duration(1+c.IntN(130)) * time.Second
		if c.calm(ctx, d) {
			c.does1(ctx, "wait %v", d)
			return
		}
	}
}

// calm reports whether nothing ends about that time from now.
func (c *churn) calm(ctx context.Context, d time.Duration) bool {
	const near = 3
	for conn, err := range c.world.engine.Conns(ctx) {
		if off := conn.Left - int(d/time.Second); err != nil || off >= -near && off <= near {
			return false
		}
	}
	return true
}
