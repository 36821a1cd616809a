// SPDX-License-Identifier: Apache-2.0

package play

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
)

// User-mode Linux is a kernel that runs as an ordinary process. We give it the
// machine's files as its root, and a program of ours as its init.

// umlModules is where Debian keeps the kernel's modules; umlProgram is its name.
const (
	umlProgram = "linux.uml"
	umlModules = "/usr/lib/uml/modules"
)

// guestMemory is how much memory user-mode Linux has, in bytes; what it does not
// use costs nothing.
const guestMemory = 2 << 30

// A verdict is what the guest says of one lesson.
type verdict struct {
	Name      string
	Error     string // empty: it holds
	Elsewhere bool   // … because it is for another player
	Exam      *Exam  // instead of all that: what a script of a contest came to
}

// An order is what the guest is to do; it lies beside what it writes.
type order struct {
	Lessons []string // files
	Contest Contest
	Modules string // a directory with lib/modules in it, for modprobe -d
}

// KernelAvailable says what is missing to play on the kernel, nil if nothing is.
func KernelAvailable() error {
	for _, name := range []string{umlProgram, "ipvsadm", "modprobe"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("%w: apt-get install user-mode-linux ipvsadm kmod", err)
		}
	}
	if _, err := os.Stat(umlModules); err != nil {
		return fmt.Errorf("no modules for user-mode Linux: %w", err)
	}
	return nil
}

// InKernel boots user-mode Linux once and plays all lessons there. init is a
// program that calls Guest when it finds itself with the environment variable
// GuestEnv. report hears of each lesson, and of nil if it holds.
func InKernel(ctx context.Context, init string, lessons []string, report func(name string, err error)) error {
	o, err := playing(lessons)
	if err != nil {
		return err
	}
	return carryOut(ctx, init, o, func(v verdict) { report(v.Name, v.err()) })
}

// Hold boots user-mode Linux, as InKernel does, and holds a contest there; a large
// one on several at once, since each has one processor.
// report hears of each script.
func (c Contest) Hold(ctx context.Context, init string, report func(Exam)) error {
	var mu sync.Mutex // reports come from several machines
	var all sync.WaitGroup
	parts := c.split(min(runtime.NumCPU(), mostMachines))
	failed := make([]error, len(parts))
	for i, part := range parts {
		all.Go(func() {
			failed[i] = carryOut(ctx, init, order{Contest: part}, func(v verdict) {
				mu.Lock()
				defer mu.Unlock()
				report(*v.Exam)
			})
		})
	}
	all.Wait()
	return errors.Join(failed...)
}

// mostMachines is how many user-mode Linuxes hold a large contest.
const mostMachines = 4

// carryOut boots user-mode Linux to carry out an order.
func carryOut(ctx context.Context, init string, o order, report func(verdict)) error {
	dir, err := os.MkdirTemp("", "ulvs-uml-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := prepare(dir, o); err != nil {
		return err
	}
	var console string
	ended, booted := make(chan struct{}), error(nil)
	go func() {
		defer close(ended)
		console, booted = boot(ctx, dir, init)
	}()
	n, err := follow(filepath.Join(dir, "verdicts"), ended, report)
	<-ended
	if err == nil && booted == nil && n < len(o.Lessons)+o.Contest.Scripts {
		err = errors.New("it ended early")
	}
	if err = errors.Join(booted, err); err != nil {
		return fmt.Errorf("play in user-mode Linux: %w; its console:\n%s", err, console)
	}
	return nil
}

// playing is the order to play lessons.
func playing(lessons []string) (o order, err error) {
	for _, l := range lessons {
		path, err := filepath.Abs(l)
		if err != nil {
			return o, err
		}
		o.Lessons = append(o.Lessons, path)
	}
	return o, nil
}

// prepare writes the order.
func prepare(dir string, o order) error {
	o.Modules = filepath.Join(dir, "root")
	if err := os.MkdirAll(filepath.Join(o.Modules, "lib"), 0o700); err != nil {
		return err
	}
	if err := os.Symlink(umlModules, filepath.Join(o.Modules, "lib/modules")); err != nil {
		return err
	}
	b, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "order"), b, 0o600)
}

// boot runs the kernel to its end, and returns what it printed. The kernel dies
// with the thread that started it, so that one is kept until then.
func boot(ctx context.Context, dir, init string) (string, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var console bytes.Buffer
	c := exec.CommandContext(ctx, umlProgram, fmt.Sprintf("mem=%d", guestMemory), "rootfstype=hostfs", "rootflags=/", "rw", "quiet",
		"init="+init, GuestEnv+"="+dir, "uml_dir="+dir, "con=null", "con0=null,fd:1")
	c.Stdout, c.Stderr = &console, &console
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	err := c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && ctx.Err() == nil {
		err = nil // it does not end politely; what it wrote counts
	}
	return console.String(), err
}

// err is the verdict as Play's error.
func (v verdict) err() error {
	switch {
	case v.Error == "":
		return nil
	case v.Elsewhere:
		return told{v.Error, ErrElsewhere}
	}
	return errors.New(v.Error)
}

// told is an error that has been through a file.
type told struct {
	text string
	is   error
}

func (t told) Error() string { return t.text }
func (t told) Unwrap() error { return t.is }
