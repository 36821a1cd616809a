// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
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
	modes    map[string]string // of a server of a service: "-m"; it never changes
	gone     map[string]bool   // services that were deleted, by their words
	expires  bool              // expire_nodest_conn has been set
	wrong    error             // lines of ours that are none
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
	c := &churn{Rand: rand.New(rand.NewPCG(seed, 0)), has: has, world: m, cast: cast{}, modes: map[string]string{}, gone: map[string]bool{}}
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
	return c.script, errors.Join(c.wrong, ctx.Err())
}

// move is what to do next.
func (c *churn) move() func(context.Context) {
	switch n := c.IntN(1000); {
	case n < 250 || len(c.talks) == 0:
		return c.open
	case n < 850:
		return c.talk
	case n < 890:
		return c.misfit
	case n < 895 && c.has.waits:
		return c.wait
	case n < 905:
		return c.look
	case n < 920 && len(c.has.sysctls) > 0:
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
	a, err := readLine(line)
	if err != nil {
		c.wrong = errors.Join(c.wrong, err)
		return
	}
	switch a := a.(type) {
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

// readLine reads one line that does something.
func readLine(line string) (act, error) {
	word, _, _ := strings.Cut(line, " ")
	read := verbs[word]
	if read == nil {
		return nil, fmt.Errorf("%s: no line of a lesson", line)
	}
	return read(line)
}

func (c *churn) chance(percent int) bool { return c.IntN(100) < percent }

// do appends a line, and plays it.
func (c *churn) do(ctx context.Context, format string, args ...any) {
	c.does(ctx, event{line: fmt.Sprintf(format, args...)})
}

// pick is one of them.
func pick[T any](c *churn, of []T) T { return of[c.IntN(len(of))] }

// look lists something.
func (c *churn) look(ctx context.Context) {
	c.do(ctx, "%s", pick(c, c.has.listings()[:c.has.quick()]))
}

func (c *churn) sysctl(ctx context.Context) {
	set := pick(c, c.has.sysctls)
	c.expires = c.expires || set == "expire_nodest_conn=1"
	c.do(ctx, "sysctl %s", set)
}

// wait lets time go by, but not to where something ends within three seconds:
// the worlds' clocks are not that exact.
func (c *churn) wait(ctx context.Context) {
	for range 20 {
		d := time.Duration(1+c.IntN(130)) * time.Second
		if c.calm(ctx, d) {
			c.do(ctx, "wait %v", d)
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
