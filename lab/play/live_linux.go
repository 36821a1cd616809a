// SPDX-License-Identifier: Apache-2.0

package play

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ulvs/ulvs/ctl"
	"github.com/ulvs/ulvs/forward"
)

// Live plays a lesson on `ulvs run`, the program of that name, in a network
// namespace of its own. It needs root.
func Live(ctx context.Context, program string, l *Lesson) error {
	if err := l.elsewhere(Traits{}); err != nil {
		return err
	}
	return apart(func() error {
		wires, err := build()
		w := &wired{traits: Traits{Name: "on a live ulvs"}, wires: wires}
		defer w.close()
		if err != nil {
			return err
		}
		d, err := start(ctx, program)
		if err != nil {
			return err
		}
		w.run, w.done = d.run, d.done
		return errors.Join(l.Play(ctx, w), d.stop())
	})
}

// A daemon is a running `ulvs run`.
type daemon struct {
	program string
	dir     string // of its socket
	cmd     *exec.Cmd
	log     bytes.Buffer
	ended   chan error
	client  *ctl.Client
	seen    forward.Status // at the last look
}

// start starts the director in this thread's network namespace, and returns
// when it is ready.
func start(ctx context.Context, program string) (*daemon, error) {
	dir, err := os.MkdirTemp("", "ulvs-play-")
	if err != nil {
		return nil, err
	}
	d := &daemon{program: program, dir: dir, ended: make(chan error, 1)}
	d.cmd = exec.CommandContext(ctx, program, "run", "--socket", d.socket(), "-i", portNames[eth0], "-i", portNames[eth1])
	d.cmd.Stdout, d.cmd.Stderr = &d.log, &d.log
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := d.cmd.Start(); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	go func() { d.ended <- d.cmd.Wait() }()
	if err := d.ready(ctx); err != nil {
		return nil, errors.Join(err, d.stop())
	}
	return d, nil
}

func (d *daemon) socket() string { return filepath.Join(d.dir, "socket") }

// ready waits until the director answers.
func (d *daemon) ready(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for {
		var err error
		if d.client, err = ctl.Dial(d.socket()); err == nil {
			if _, err = d.status(ctx); err == nil {
				return nil
			}
		}
		if err := d.look(ctx, err); err != nil {
			return fmt.Errorf("wait for ulvs run: %w", err)
		}
	}
}

// look waits a moment before the next look at something that has no file
// descriptor to wait on. It fails if the director has ended, or with why if
// there is no time left.
func (d *daemon) look(ctx context.Context, why error) error {
	select {
	case err := <-d.ended:
		d.ended <- err
		return fmt.Errorf("it has ended (%v), saying:\n%s", err, d.log.String())
	case <-ctx.Done():
		return errors.Join(ctx.Err(), why)
	case <-time.After(time.Millisecond):
		return nil
	}
}

func (d *daemon) status(ctx context.Context) (s forward.Status, err error) {
	err = d.client.Status(ctx, &s)
	return s, err
}

// done waits until the director has taken so many frames from its ports, and
// with them done all that it will do. It tells what was counted for them.
func (d *daemon) done(ctx context.Context, sent [ports]tally) (map[string]uint64, error) {
	ctx, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for {
		s, err := d.status(ctx)
		if err != nil {
			return nil, err
		}
		if taken(s, sent) {
			for _, t := range sent {
				s.Passed -= t.pings // they were the host's, and no lesson's
			}
			was := d.seen
			d.seen = s
			return since(was, s), nil
		}
		if err := d.look(ctx, fmt.Errorf("of %+v it took %+v", sent, s.Ports)); err != nil {
			return nil, fmt.Errorf("wait for ulvs to take a frame: %w", err)
		}
	}
}

func taken(s forward.Status, sent [ports]tally) bool {
	for port, t := range sent {
		if port >= len(s.Ports) || s.Ports[port].InPkts < t.frames {
			return false
		}
	}
	return true
}

// run is our program under ipvsadm's name; sysctls and marks are the director's.
// What iptables does, is the host's.
func (d *daemon) run(ctx context.Context, args []string, in string) (Answer, error) {
	switch {
	case isIptables(args[0]):
		return inHost(ctx, args, in)
	case !strings.HasPrefix(args[0], "ipvsadm"):
		return direct(ctx, d.client, args)
	}
	c := exec.CommandContext(ctx, d.program)
	c.Args = args
	c.Env = append(os.Environ(), "ULVS_SOCKET="+d.socket())
	return execute(c, in)
}

// stop ends the director.
func (d *daemon) stop() error {
	err := d.cmd.Process.Signal(syscall.SIGTERM)
	var end error
	select {
	case end = <-d.ended:
	case <-time.After(patience):
		end = errors.Join(errors.New("ulvs run did not end when it was told to"), d.cmd.Process.Kill(), <-d.ended)
	}
	if end != nil {
		end = fmt.Errorf("ulvs run: %w, saying:\n%s", end, d.log.String())
	} else {
		err = nil
	}
	return errors.Join(err, end, os.RemoveAll(d.dir))
}
