// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrUp says that a lab is up already: one user has one lab at a time.
var ErrUp = errors.New("a lab is up already")

// Options say how a lab is made.
type Options struct {
	Dir string // the lab's directory; see Dir
	// Tools are the names under which the hosts find this binary, first in
	// their PATH; Spares, those for which the machine has no program itself.
	Tools, Spares []string
}

// A spec is what the keeper is told.
type spec struct {
	Plan  Plan     `json:"plan"`
	Dir   string   `json:"dir"`
	Links []string `json:"links"` // names for the binary
	Path  string   `json:"path"`  // the hosts' PATH
}

// Up builds a lab, types its first commands, and returns when all is ready. If
// the process dies half-way, so does the lab; its directory stays, and is
// cleaned by the next Up or Down.
func Up(ctx context.Context, p Plan, o Options) (*Lab, error) {
	c, err := claimDir(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := vacant(c.dir); err != nil {
		c.release()
		return nil, err
	}
	l, err := build(ctx, c, newSpec(p, o))
	if err != nil {
		return nil, explain(errors.Join(err, c.remove()))
	}
	c.release()
	return l, nil
}

// vacant refuses a directory in which a lab is up. One that lives but has no
// plan was never finished: whoever built it died, and it is ended.
func vacant(dir string) error {
	l, err := Open(dir)
	switch {
	case err == nil:
		return fmt.Errorf("%w: lab %s: use it, or take it down first: ulvs lab down", ErrUp, l.Plan.Name)
	case errors.Is(err, ErrNone):
		return endKeeper(dir)
	}
	return err
}

func newSpec(p Plan, o Options) spec {
	s := spec{Plan: p, Dir: o.Dir, Path: hostPath(), Links: o.Tools}
	for _, name := range o.Spares {
		if _, err := lookPath(name, s.Path); err != nil {
			s.Links = append(s.Links, name)
		}
	}
	return s
}

// build starts the keeper and goes with it through the building. It ends the
// keeper when something fails.
func build(ctx context.Context, c *claim, s spec) (_ *Lab, err error) {
	if err := c.empty(); err != nil {
		return nil, err
	}
	keeper, control, err := startKeeper(c)
	if err != nil {
		return nil, err
	}
	defer control.Close()
	defer context.AfterFunc(ctx, func() { _ = control.Close() })()
	defer func() {
		if err != nil {
			_ = keeper.Process.Kill()
			_ = keeper.Wait()
		}
	}()
	if err := control.send(s); err != nil {
		return nil, fmt.Errorf("tell the keeper its plan: %w", err)
	}
	if err := control.hear(); err != nil {
		return nil, cancelled(ctx, c.lastWords(err))
	}
	l := &Lab{Plan: s.Plan, dir: c.dir}
	l.keeper, _, _ = keeperOf(c.dir) // it has just answered
	if err := l.typeAll(ctx); err != nil {
		return nil, err
	}
	if err := c.writeState(s.Plan); err != nil {
		return nil, err
	}
	return l, control.send(report{})
}

// startKeeper starts the first process of the lab. It inherits the claim, so
// that nobody takes the directory while it is being born.
func startKeeper(c *claim) (*exec.Cmd, line, error) {
	control, theirs, err := newPair()
	if err != nil {
		return nil, line{}, err
	}
	defer theirs.Close()
	log, err := os.OpenFile(filepath.Join(c.dir, logFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, line{}, errors.Join(err, control.Close())
	}
	defer log.Close()
	cmd := &exec.Cmd{
		Path:        "/proc/self/exe", // go run deletes the file, but not what runs
		Args:        []string{"ulvs", KeeperVerb},
		Dir:         c.dir,
		Stderr:      log,
		ExtraFiles:  []*os.File{theirs, c.file},
		SysProcAttr: keeperAttr(),
	}
	if err := cmd.Start(); err != nil {
		return nil, line{}, errors.Join(startError(err), control.Close())
	}
	return cmd, control, nil
}

// typeAll types the plan's commands as a learner would.
func (l *Lab) typeAll(ctx context.Context) error {
	for _, words := range l.Plan.Typed {
		var said strings.Builder
		code, err := l.capture(ctx, "lvs", strings.Fields(words), &said)
		if err == nil && code != 0 {
			err = fmt.Errorf("exit %d: %s", code, strings.TrimSpace(said.String()))
		}
		if err != nil {
			return fmt.Errorf("type %q: %w", words, err)
		}
	}
	return nil
}

// lastWords adds what the keeper left in the log when it died unheard.
func (c *claim) lastWords(err error) error {
	if !errors.Is(err, io.EOF) {
		return err
	}
	err = errors.New("the keeper died")
	b, readErr := os.ReadFile(filepath.Join(c.dir, logFile))
	if readErr != nil || len(b) == 0 {
		return err
	}
	first, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
	return fmt.Errorf("%w: %s", err, first)
}

func cancelled(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
