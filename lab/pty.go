// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// drainTime is how long output is awaited after a program's end, if somebody
// else still holds its terminal.
const drainTime = 200 * time.Millisecond

// Interact runs a program in a host on a terminal of its own, which is shown
// on ours: keys go there as they are typed, Ctrl-C among them. The program's
// own files are not looked at.
func (l *Lab) Interact(ctx context.Context, host string, p Program) (int, error) {
	master, slave, err := openPTY()
	if err != nil { // without one it still runs, with no job control
		p.In, p.Out, p.Err = os.Stdin, os.Stdout, os.Stderr
		return l.Run(ctx, host, p)
	}
	defer master.Close()
	resize(master)
	before, err := term.MakeRaw(int(os.Stdin.Fd()))
	if err != nil {
		slave.Close()
		return 0, fmt.Errorf("hand the keys over: %w", err)
	}
	defer func() { _ = term.Restore(int(os.Stdin.Fd()), before) }()
	defer followSize(master)()
	shown := make(chan struct{})
	go func() {
		_, _ = io.Copy(os.Stdout, master) // until nobody holds the terminal
		close(shown)
	}()
	go func() { _, _ = io.Copy(master, os.Stdin) }() // until we exit
	p.In, p.Out, p.Err = slave, slave, slave
	code, err := l.run(ctx, host, p, true)
	slave.Close()
	_ = master.SetReadDeadline(time.Now().Add(drainTime))
	<-shown
	return code, err
}

// openPTY makes a terminal: what is written at one end is typed at the other.
// The other end is had by ioctl, as no name need lead to it in a host.
func openPTY() (master, slave *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("open a terminal: %w", err)
	}
	master = os.NewFile(uintptr(fd), "/dev/ptmx")
	if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err == nil {
		fd, err = otherEnd(fd)
	}
	if err != nil {
		master.Close()
		return nil, nil, fmt.Errorf("open a terminal: %w", err)
	}
	return master, os.NewFile(uintptr(fd), "terminal"), nil
}

func otherEnd(master int) (int, error) {
	const flags = unix.O_RDWR | unix.O_NOCTTY | unix.O_CLOEXEC
	fd, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(master), unix.TIOCGPTPEER, flags)
	if errno != 0 {
		return 0, errno
	}
	return int(fd), nil
}

// resize gives the host's terminal the size of ours.
func resize(master *os.File) {
	size, err := unix.IoctlGetWinsize(int(os.Stdin.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return
	}
	raw, err := master.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _ = unix.IoctlSetWinsize(int(fd), unix.TIOCSWINSZ, size) })
}

// followSize resizes with us until stop is called.
func followSize(master *os.File) (stop func()) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	go func() {
		for range changed {
			resize(master)
		}
	}()
	return func() {
		signal.Stop(changed)
		close(changed)
	}
}

// Shell is a shell in a host: bash where the machine has it.
func Shell(interactive bool) Program {
	p := Program{Args: []string{"sh"}, Dir: homeDir}
	if bash, err := lookPath("bash", hostPath()); err == nil {
		p.Args = []string{bash, "--rcfile", shellFile}
	}
	if interactive {
		p.Args = append(p.Args, "-i")
	}
	return p
}
