// SPDX-License-Identifier: Apache-2.0

package play

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// wired is the world of a real director: one that lives in a network namespace,
// with wires at its ports, and an ipvsadm to talk to it.
type wired struct {
	traits Traits
	wires  [ports]*wire
	run    func(ctx context.Context, args []string, in string) (Answer, error)
	// done returns when the director is done with all that was sent, and what it
	// counted since it was last asked; nil if the answer to a ping says that.
	done func(ctx context.Context, sent [ports]tally) (map[string]uint64, error)
}

func (w *wired) Traits() Traits { return w.traits }

func (w *wired) Run(ctx context.Context, args []string, in string) (Answer, error) {
	return w.run(ctx, args, in)
}

// execute lets a program run to its end.
func execute(c *exec.Cmd, in string) (Answer, error) {
	var out, errs bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(in), &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return Answer{}, fmt.Errorf("run %s: %w", c.Args[0], err)
	}
	return Answer{out.String(), errs.String(), c.ProcessState.ExitCode()}, nil
}

func (w *wired) Arrive(ctx context.Context, port int, frame []byte) (Effect, error) {
	if err := w.wires[port].send(frame); err != nil {
		return Effect{}, err
	}
	return w.settle(ctx)
}

func (w *wired) Wait(ctx context.Context, d time.Duration) (Effect, error) {
	select {
	case <-time.After(d):
		return w.settle(ctx)
	case <-ctx.Done():
		return Effect{}, ctx.Err()
	}
}

// settle waits until all that was sent has had its effect, and collects it.
func (w *wired) settle(ctx context.Context) (e Effect, err error) {
	if w.done != nil {
		if e.Counts, err = w.done(ctx, [ports]tally{w.wires[eth0].sent, w.wires[eth1].sent}); err != nil {
			return e, err
		}
	}
	for _, x := range w.wires {
		if err := x.ping(); err != nil {
			return e, err
		}
	}
	for port, x := range w.wires {
		if e.Left[port], err = x.collect(ctx); err != nil {
			return e, err
		}
	}
	return e, nil
}

func (w *wired) close() error {
	var errs []error
	for _, x := range w.wires {
		if x != nil {
			errs = append(errs, x.conn.Close())
		}
	}
	return errors.Join(errs...)
}
