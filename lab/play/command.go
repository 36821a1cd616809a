// SPDX-License-Identifier: Apache-2.0

package play

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A command is a line that a program carries out, with what stands under it.
type command struct {
	args    []string // the program's name first
	code    int      // it exits with
	in, out string
	exact   bool // out is what it prints
	asks    bool // it changes nothing, though that cannot be seen from its words
}

func readCommand(line string) (act, error) {
	line, code, found := strings.Cut(line, "=>")
	c := &command{args: strings.Fields(line)}
	if found {
		n, err := strconv.Atoi(strings.TrimSpace(code))
		if err != nil {
			return nil, fmt.Errorf("=> wants an exit code: %w", err)
		}
		c.code = n
	}
	return c, nil
}

func (c *command) attach(mark, line string) {
	if mark == "<" {
		c.in += line + "\n"
		return
	}
	c.out, c.exact = c.out+line+"\n", true
}

// How long counters of a real director may take to settle (statistics are
// brought up to date every two seconds), and how often one looks.
const (
	settling = 3 * time.Second
	look     = 10 * time.Millisecond
)

func (c *command) play(p *player) error {
	err := c.try(p)
	if !c.lists() {
		return err
	}
	if p.traits.Virtual {
		return c.await(p, err)
	}
	for end := time.Now().Add(settling); err != nil && time.Now().Before(end) && p.ctx.Err() == nil; {
		time.Sleep(look)
		err = c.try(p)
	}
	return err
}

// await asks again, in virtual time. What happens meanwhile is looked at as if
// it had been waited for.
func (c *command) await(p *player, err error) error {
	for waited := time.Duration(0); err != nil && waited < settling && p.explained() == nil; waited += settling / 6 {
		if e := p.begin("…", func() (Effect, error) { return p.world.Wait(p.ctx, settling/6) }); e != nil {
			return e
		}
		err = c.try(p)
	}
	return err
}

// lists reports whether the command changes nothing, so that it may be asked
// again.
func (c *command) lists() bool {
	return c.asks || len(c.args) > 1 && (strings.HasPrefix(c.args[1], "-L") || strings.HasPrefix(c.args[1], "-l") ||
		strings.HasPrefix(c.args[1], "-S"))
}

func (c *command) try(p *player) error {
	a, err := p.world.Run(p.ctx, c.args, c.in)
	switch {
	case err != nil:
		return err
	case a.Code != c.code:
		return fmt.Errorf("  wanted: exit code %d\n  came:   %d, saying %q", c.code, a.Code, a.Err)
	case c.exact && !c.agrees(a.Out, p.late()):
		return fmt.Errorf("  wanted:\n%s  came:\n%s", indent(c.out), indent(a.Out))
	}
	return nil
}

// agrees reports whether the command printed what the lesson says.
func (c *command) agrees(out string, late time.Duration) bool {
	if c.conns() {
		return sameConns(out, c.out, late)
	}
	return sameLines(out, c.out)
}

// sameLines compares texts but for blanks at the ends of lines, which nobody
// sees in a lesson.
func sameLines(a, b string) bool { return slices.Equal(lines(a), lines(b)) }

func lines(s string) []string {
	all := strings.Split(strings.TrimRight(s, " \n"), "\n")
	for i := range all {
		all[i] = strings.TrimRight(all[i], " ")
	}
	return all
}

func indent(s string) string {
	var b strings.Builder
	for _, l := range lines(s) {
		b.WriteString("    " + l + "\n")
	}
	return b.String()
}
