// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ulvs/ulvs"
)

// patience is how long the other end may take to answer at all.
const patience = 5 * time.Second

// DefaultAddr is where the director listens: what the flag --socket says, else
// the environment's ULVS_SOCKET, else "@ulvs".
func DefaultAddr(flag string) string {
	if flag != "" {
		return flag
	}
	if env := os.Getenv("ULVS_SOCKET"); env != "" {
		return env
	}
	return "@ulvs"
}

// Listen opens the control socket: "@NAME" is an abstract one of this network
// namespace, anything else a path. If another director answers there, the error
// is ulvs.ErrBusy. A socket file that nobody answers behind is replaced.
func Listen(addr string) (net.Listener, error) {
	if !abstract(addr) {
		unlock, err := clear(addr)
		if err != nil {
			return nil, fmt.Errorf("listen on %s: %w", addr, err)
		}
		defer unlock()
	}
	config := net.ListenConfig{Control: private}
	l, err := config.Listen(context.Background(), "unix", addr)
	if errors.Is(err, syscall.EADDRINUSE) {
		err = busy(addr)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	return l, nil
}

func abstract(addr string) bool { return strings.HasPrefix(addr, "@") }

// private makes the file of the socket, which bind will make, our user's alone:
// it takes its mode from the socket itself, so there is no moment between.
func private(_, _ string, c syscall.RawConn) error {
	var err error
	if e := c.Control(func(fd uintptr) { err = unix.Fchmod(int(fd), 0o600) }); e != nil {
		return e
	}
	return err
}

// clear removes a socket file that nobody answers behind. Until unlock is called
// no other director does the same in that directory.
func clear(path string) (unlock func(), err error) {
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX); err != nil {
		dir.Close()
		return nil, fmt.Errorf("lock %s: %w", dir.Name(), err)
	}
	if err := removeStale(path); err != nil {
		dir.Close()
		return nil, err
	}
	return func() { dir.Close() }, nil
}

func removeStale(path string) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode()&fs.ModeSocket == 0:
		return errors.New("a file that is no socket lies there: remove it, or choose another --socket")
	}
	c, err := net.DialTimeout("unix", path, patience)
	if err == nil {
		return c.Close() // bind will find the address in use
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return os.Remove(path)
}

// busy says who listens at addr, as far as can be seen from here.
func busy(addr string) error {
	where := "behind this socket"
	if abstract(addr) {
		where = "in this network namespace"
	}
	who := ""
	if c, err := net.DialTimeout("unix", addr, patience); err == nil {
		defer c.Close()
		if cred, err := credentials(c); err == nil && cred.Pid > 0 {
			who = fmt.Sprintf(" (pid %d)", cred.Pid)
		}
	}
	return fmt.Errorf("%w %s%s: stop it, or choose another --socket", ulvs.ErrBusy, where, who)
}
