// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// A daemon that is not ready by then never will be.
const readyTime = 10 * time.Second

// startDaemons starts what the host runs from the beginning, and waits until
// it is ready.
func (a *agent) startDaemons() error {
	for _, d := range a.Host.Daemons {
		if err := a.startDaemon(d); err != nil {
			return fmt.Errorf("start %q: %w", strings.Join(d.Args, " "), err)
		}
	}
	return nil
}

func (a *agent) startDaemon(d Daemon) error {
	log, err := os.OpenFile(d.Log, os.O_CREATE|os.O_WRONLY|os.O_APPEND|os.O_TRUNC, 0o644) // what the machine's file says is not the lab's
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := a.command(d.Args)
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	died := make(chan error, 1)
	go func() { died <- cmd.Wait() }()
	return a.await(d, died)
}

// await asks again and again: a daemon has no way to say that it is ready but
// to answer.
func (a *agent) await(d Daemon, died <-chan error) error {
	for end := time.Now().Add(readyTime); time.Now().Before(end); {
		if a.command(d.Ready).Run() == nil {
			return nil
		}
		select {
		case err := <-died:
			return fmt.Errorf("it ended (%v): %s", err, lastLine(d.Log))
		case <-time.After(5 * time.Millisecond):
		}
	}
	return errors.New("it is not ready after " + readyTime.String() + ": " + lastLine(d.Log))
}

// command prepares a program of this host, in a session of its own.
func (a *agent) command(args []string) *exec.Cmd {
	path, err := lookPath(args[0], a.Path)
	return &exec.Cmd{
		Path: path, Args: args, Err: err, Dir: homeDir,
		Env:         a.environ(hostEnv(os.Environ())),
		SysProcAttr: &syscall.SysProcAttr{Setsid: true},
	}
}

// environ makes an environment that of root on this host. Of a variable given
// twice, the last counts.
func (a *agent) environ(env []string) []string {
	return append(env, "PATH="+a.Path, "HOME="+homeDir, "USER=root", "LOGNAME=root", "HOSTNAME="+a.Host.Name, "ENV="+shellFile)
}

func lastLine(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	return lines[len(lines)-1]
}
