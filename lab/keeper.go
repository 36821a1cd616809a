// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// The hidden words that make the binary a part of a lab: whoever parses the
// command line answers them with Keeper, Agent, and the real server.
const (
	KeeperVerb = "lab-keeper"
	AgentVerb  = "lab-agent"
	ServerVerb = "lab-server"
)

// What the keeper and the agents find open when they start.
const (
	controlFd = 3
	claimFd   = 4 // the keeper's
	listenFd  = 4 // an agent's
)

// binDir holds the binary and its other names, in the lab's tmpfs.
const binDir = "bin"

// Keeper is the life of the lab's first process. It returns the exit code.
func Keeper() int {
	control, err := inherited(controlFd)
	if err != nil {
		return died(err)
	}
	k := keeper{control: control}
	err = k.build()
	if sendErr := control.send(reportOf(err)); err != nil || sendErr != nil {
		return died(errors.Join(err, sendErr))
	}
	if err := control.hear(); err != nil {
		return died(fmt.Errorf("lab up went away before the lab was ready: %w", err))
	}
	_ = unix.Close(claimFd) // now others may take the lab down
	_ = control.Close()
	return reap()
}

// died notes in the log why a part of the lab ends.
func died(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// A keeper is the first process of a lab: init, switch, and the one whose end
// is the end of all.
type keeper struct {
	spec
	control line
	agents  []*agentProcess
}

// build makes the lab, in the order in which one thing needs another.
func (k *keeper) build() error {
	if err := noteKeeper(); err != nil {
		return err
	}
	if _, err := k.control.recv(&k.spec); err != nil {
		return fmt.Errorf("hear the plan: %w", err)
	}
	listeners, err := k.listen() // before the directory disappears under the tmpfs
	if err != nil {
		return err
	}
	if err := k.settle(); err != nil {
		return err
	}
	for i, h := range k.Plan.Hosts {
		if err := k.start(h, listeners[i]); err != nil {
			return fmt.Errorf("start host %s: %w", h.Name, err)
		}
	}
	if err := k.each("make host", (*agentProcess).hear); err != nil {
		return err
	}
	if err := k.wire(); err != nil {
		return err
	}
	if err := k.each("wake host", (*agentProcess).wake); err != nil {
		return err
	}
	return k.each("start host", (*agentProcess).hear)
}

// listen makes the socket of each host. The working directory is the lab's, so
// that the names are short enough for a socket wherever that directory is.
func (k *keeper) listen() (files []*os.File, err error) {
	for _, name := range k.Plan.Names() {
		l, err := net.ListenUnix("unixpacket", &net.UnixAddr{Net: "unixpacket", Name: socketName(name)})
		if err != nil {
			return nil, fmt.Errorf("open the door of %s: %w", name, err)
		}
		l.SetUnlinkOnClose(false) // the agent has it
		f, err := l.File()
		if err != nil {
			return nil, err
		}
		files = append(files, f)
		_ = l.Close()
	}
	return files, nil
}

func socketName(host string) string { return host + ".sock" }

// settle makes a file system for the lab that nobody outside sees, and puts
// the binary there: its file may be gone a moment later.
func (k *keeper) settle() error {
	if err := unix.Sethostname([]byte("switch")); err != nil {
		return fmt.Errorf("name the switch: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("part the lab's mounts from the machine's: %w", err)
	}
	if err := unix.Mount("tmpfs", k.Dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mount a tmpfs for the lab: %w", err)
	}
	if err := os.Chdir(k.Dir); err != nil {
		return fmt.Errorf("enter the lab's tmpfs: %w", err)
	}
	if err := k.install(); err != nil {
		return fmt.Errorf("install the lab's programs: %w", err)
	}
	// Where this is forbidden (containers hide parts of /proc) the machine's
	// does too: only ps shows more than the lab.
	_ = unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	return nil
}

// install copies the binary, and links its other names to it.
func (k *keeper) install() error {
	if err := os.Mkdir(binDir, 0o755); err != nil {
		return err
	}
	if err := copyFile("/proc/self/exe", filepath.Join(binDir, "ulvs"), 0o755); err != nil {
		return err
	}
	for _, name := range k.Links {
		if err := os.Symlink("ulvs", filepath.Join(binDir, name)); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(from, to string, mode os.FileMode) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// reap is the duty of process 1: to bury every orphan. It ends when nobody is left.
func reap() int {
	for {
		_, err := unix.Wait4(-1, nil, 0, nil)
		if errors.Is(err, unix.ECHILD) {
			return 0
		}
	}
}
