// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrNone says that there is no lab up.
var ErrNone = errors.New("no lab is up")

// ErrNoHost says that a lab has no host of that name.
var ErrNoHost = errors.New("there is no host")

// A Lab is one that is up.
type Lab struct {
	Plan   Plan
	dir    string
	keeper life
}

// Open finds the lab that is up in a directory.
func Open(dir string) (*Lab, error) {
	keeper, found, err := keeperOf(dir)
	if err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(dir, stateFile))
	if !found || !keeper.alive() || errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: ulvs lab up nat", ErrNone)
	}
	if err != nil {
		return nil, fmt.Errorf("read the lab's plan: %w", err)
	}
	l := &Lab{dir: dir, keeper: keeper}
	if err := json.Unmarshal(b, &l.Plan); err != nil {
		return nil, fmt.Errorf("read the lab's plan: %w", err)
	}
	return l, nil
}

// A Program is what to run in a host, and with which files.
type Program struct {
	Args         []string
	Dir          string // empty: where we are, if the host has that too
	In, Out, Err *os.File
}

// Run runs a program in a host, and gives back its exit code. Signals that
// come meanwhile are passed on to it.
func (l *Lab) Run(ctx context.Context, host string, p Program) (int, error) {
	return l.run(ctx, host, p, false)
}

func (l *Lab) run(ctx context.Context, host string, p Program, terminal bool) (int, error) {
	c, err := l.ask(host, p, terminal)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })() // the agent then ends it
	defer passSignals(c)()
	var r result
	if _, err := c.recv(&r); err != nil {
		return 0, cancelled(ctx, l.lost(host, p.Args[0], err))
	}
	if r.Error != "" {
		err = errors.New(r.Error)
	}
	return r.Exit, err
}

// lost says why a program's end was not heard of. With the keeper everything
// ends at once, so the keeper may take a moment longer.
func (l *Lab) lost(host, program string, err error) error {
	if l.keeper.endsWithin(time.Second) {
		return fmt.Errorf("lab %s was taken down", l.Plan.Name)
	}
	return fmt.Errorf("wait for %s on %s: %w", program, host, err)
}

// ask brings a request to a host's door.
func (l *Lab) ask(host string, p Program, terminal bool) (line, error) {
	c, err := l.knock(host)
	if err != nil {
		return line{}, err
	}
	if p.Dir == "" {
		p.Dir, _ = os.Getwd() // it may be gone; then the host's home will do
	}
	r := request{Args: p.Args, Env: hostEnv(os.Environ()), Dir: p.Dir, Terminal: terminal}
	if err := c.send(r, p.In, p.Out, p.Err); err != nil {
		return line{}, errors.Join(fmt.Errorf("ask %s for %s: %w", host, p.Args[0], err), c.Close())
	}
	return c, nil
}

// knock connects to a host's socket, by way of the open directory: the
// directory's own path may be too long for a socket's name.
func (l *Lab) knock(host string) (line, error) {
	if names := l.Plan.Names(); !slices.Contains(names, host) {
		return line{}, fmt.Errorf("%w %q in lab %s: there are %s", ErrNoHost, host, l.Plan.Name, strings.Join(names, ", "))
	}
	dir, err := os.OpenFile(l.dir, unix.O_PATH|unix.O_DIRECTORY, 0)
	if err != nil {
		return line{}, fmt.Errorf("open the lab's directory: %w", err)
	}
	defer dir.Close()
	name := fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), socketName(host))
	c, err := net.DialUnix("unixpacket", nil, &net.UnixAddr{Net: "unixpacket", Name: name})
	if err != nil {
		return line{}, fmt.Errorf("reach %s: %w: it seems to have died: ulvs lab down, then up again", host, errors.Unwrap(err))
	}
	return line{c}, nil
}

// passed are the signals that are for the program, not for us.
var passed = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
}

// passSignals passes them on until stop is called.
func passSignals(l line) (stop func()) {
	signals, done := make(chan os.Signal, 8), make(chan struct{})
	signal.Notify(signals, passed...)
	go func() {
		for {
			select {
			case s := <-signals:
				_ = l.send(note{s.(syscall.Signal)})
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(done)
	}
}

// capture runs a program that is given no input, and collects what it says.
func (l *Lab) capture(ctx context.Context, host string, args []string, into io.Writer) (int, error) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		return 0, err
	}
	defer null.Close()
	r, w, err := os.Pipe()
	if err != nil {
		return 0, err
	}
	defer r.Close()
	said := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(r)
		said <- b
	}()
	code, err := l.Run(ctx, host, Program{Args: args, In: null, Out: w, Err: w})
	w.Close()
	_, copyErr := io.Copy(into, bytes.NewReader(<-said))
	return code, errors.Join(err, copyErr)
}
