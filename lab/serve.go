// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

// A request asks an agent to run a program. Its input, output and errors come
// with it as open files.
type request struct {
	Args     []string `json:"args"`
	Env      []string `json:"env"`
	Dir      string   `json:"dir"`
	Terminal bool     `json:"terminal"` // the files are a terminal, to be the program's own
}

// A note is what the one who asked sends while the program runs.
type note struct {
	Signal syscall.Signal `json:"signal"`
}

// A result is what became of a program. Exit is as a shell has it: 128 and the
// signal's number for one that was killed, 127 if there is no such program.
type result struct {
	Exit  int    `json:"exit"`
	Error string `json:"error,omitempty"` // why it did not run
}

// serve runs programs for whoever comes to the door.
func (a *agent) serve(door *net.UnixListener) error {
	for {
		c, err := door.AcceptUnix()
		if err != nil {
			return fmt.Errorf("wait at the door of %s: %w", a.Host.Name, err)
		}
		go func() {
			defer c.Close()
			a.answer(line{c})
		}()
	}
}

func (a *agent) answer(l line) {
	var r request
	files, err := l.recv(&r)
	if err != nil {
		return // it went away again
	}
	if err := a.acceptable(l, r, files); err != nil {
		closeAll(files)
		_ = l.send(result{Exit: 126, Error: err.Error()})
		return
	}
	cmd := a.program(r, files)
	err = cmd.Start()
	closeAll(files) // the program has them now; a terminal ends with its last holder
	if err != nil {
		_ = l.send(failed(r, err))
		return
	}
	var ended atomic.Bool
	go obey(l, r, cmd.Process.Pid, &ended)
	err = cmd.Wait()
	ended.Store(true)
	_ = l.send(result{Exit: exitCode(cmd, err)})
}

// acceptable refuses strangers and nonsense. The directory of the socket is
// closed to others already; this is the second lock on the door.
func (a *agent) acceptable(l line, r request, files []*os.File) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	var cred *unix.Ucred
	var credErr error
	if err := raw.Control(func(fd uintptr) {
		cred, credErr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil || credErr != nil {
		return errors.Join(err, credErr)
	}
	switch {
	case int(cred.Uid) != os.Getuid():
		return errors.New("this lab is another user's")
	case len(r.Args) == 0 || len(files) != maxFiles:
		return errors.New("a request names a program, and brings its input, output and errors")
	}
	return nil
}

// program prepares what was asked for.
func (a *agent) program(r request, files []*os.File) *exec.Cmd {
	cmd := a.command(r.Args)
	cmd.Env = a.environ(r.Env)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = files[0], files[1], files[2]
	cmd.SysProcAttr.Setctty = r.Terminal // Ctty 0: its input
	if info, err := os.Stat(r.Dir); err == nil && info.IsDir() {
		cmd.Dir = r.Dir
	}
	return cmd
}

func failed(r request, err error) result {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
		return result{Exit: 127, Error: fmt.Sprintf("there is no program %q here", r.Args[0])}
	}
	return result{Exit: 126, Error: err.Error()}
}

// obey passes signals on to all that the program started. Who goes away before
// the end takes the program with him; a terminal does that by itself (SIGHUP).
func obey(l line, r request, pid int, ended *atomic.Bool) {
	for {
		var n note
		_, err := l.recv(&n)
		if ended.Load() {
			return
		}
		if errors.Is(err, io.EOF) && r.Terminal {
			return
		}
		if err != nil {
			_ = syscall.Kill(-pid, syscall.SIGKILL)
			return
		}
		_ = syscall.Kill(-pid, n.Signal)
	}
}

// exitCode is the code a shell would show.
func exitCode(cmd *exec.Cmd, err error) int {
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case ok && status.Signaled():
		return 128 + int(status.Signal())
	case err != nil && cmd.ProcessState.Success():
		return 126
	}
	return cmd.ProcessState.ExitCode()
}
