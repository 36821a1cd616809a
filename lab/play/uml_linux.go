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
	"syscall"
)

// User-mode Linux is a kernel that runs as an ordinary process. We give it the
// machine's files as its root, and a program of ours as its init.

// umlModules is where Debian keeps the kernel's modules; umlProgram is its name.
const (
	umlProgram = "linux.uml"
	umlModules = "/usr/lib/uml/modules"
)

// A verdict is what the guest says of one lesson.
type verdict struct {
	Name       string
	Error      string // empty: it holds
	MemoryOnly bool   // … because it is for memory only
}

// An order is what the guest is to do; it lies beside what it writes.
type order struct {
	Lessons []string // files
	Modules string   // a directory with lib/modules in it, for modprobe -d
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
	dir, err := os.MkdirTemp("", "ulvs-uml-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := prepare(dir, lessons); err != nil {
		return err
	}
	console, err := boot(ctx, dir, init)
	f, err2 := os.Open(filepath.Join(dir, "verdicts"))
	if err != nil || err2 != nil {
		return fmt.Errorf("play in user-mode Linux: %w; its console:\n%s", errors.Join(err, err2), console)
	}
	defer f.Close()
	return read(f, len(lessons), console, report)
}

// prepare writes the order.
func prepare(dir string, lessons []string) error {
	o := order{Modules: filepath.Join(dir, "root")}
	for _, l := range lessons {
		path, err := filepath.Abs(l)
		if err != nil {
			return err
		}
		o.Lessons = append(o.Lessons, path)
	}
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
	c := exec.CommandContext(ctx, umlProgram, "mem=512M", "rootfstype=hostfs", "rootflags=/", "rw", "quiet",
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

// read hands on what the guest wrote, and checks that it wrote of all.
func read(f *os.File, want int, console string, report func(string, error)) error {
	d := json.NewDecoder(f)
	for range want {
		var v verdict
		if err := d.Decode(&v); err != nil {
			return fmt.Errorf("user-mode Linux ended early: %w; its console:\n%s", err, console)
		}
		report(v.Name, v.err())
	}
	return nil
}

// err is the verdict as Play's error.
func (v verdict) err() error {
	switch {
	case v.Error == "":
		return nil
	case v.MemoryOnly:
		return told{v.Error, ErrMemoryOnly}
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
