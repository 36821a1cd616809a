// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// WatchdogVerb is the hidden verb under which the program must call Watchdog
// with the words that follow it.
const WatchdogVerb = "restore-offloads"

// Watchdog waits until its parent closes a pipe, or dies, and restores what is
// then still in the journal that args name. It is the whole of a child process;
// the pipe is its standard input.
func Watchdog(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("%s: wants a journal, and is not for calling by hand", WatchdogVerb)
	}
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP) // a service manager sends them to both
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return fmt.Errorf("wait for the director: %w", err)
	}
	if err := journal(args[0]).undo(); err != nil {
		return fmt.Errorf("restore offloads: %w", err)
	}
	return nil
}

func watchCommand(j journal) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return exec.Command(self, WatchdogVerb, string(j)), nil
}

// watch starts the child, in a session of its own: what kills the director
// from a terminal must not kill it too.
func (o *Offloads) watch(command func(journal) (*exec.Cmd, error)) error {
	c, err := command(o.journal)
	if err != nil {
		return err
	}
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	leash, err := c.StdinPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return fmt.Errorf("start the watcher of offloads: %w", err)
	}
	o.watcher, o.leash = c, leash
	return nil
}
