// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A life is a process of the machine, and no other that may bear its number
// later: the number, and when it was born (clock ticks since the machine's start).
type life struct {
	pid  int
	born uint64
}

// lifeOf reads about a process, "self" or a number, and whether it is a zombie.
func lifeOf(who string) (l life, zombie, ok bool) {
	b, err := os.ReadFile(filepath.Join("/proc", who, "stat"))
	if err != nil {
		return life{}, false, false
	}
	text := string(b)
	pid, _, _ := strings.Cut(text, " ")
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:]) // the name may hold anything
	const state, start = 0, 19                                          // proc(5), counted after the name
	if len(fields) <= start {
		return life{}, false, false
	}
	l.pid, err = strconv.Atoi(pid)
	if err == nil {
		l.born, err = strconv.ParseUint(fields[start], 10, 64)
	}
	return l, fields[state] == "Z", err == nil
}

// here reports whether its number is still its own. A process with several
// threads is a zombie when the first has ended, and the last may still be
// busy burying a whole pid namespace.
func (l life) here() bool {
	now, _, ok := lifeOf(strconv.Itoa(l.pid))
	return ok && now == l
}

// alive reports whether it does anything but die.
func (l life) alive() bool {
	now, zombie, ok := lifeOf(strconv.Itoa(l.pid))
	return ok && now == l && !zombie
}

// noteKeeper writes down which process we are. The working directory is the
// lab's. /proc is still the machine's, so it gives the number that the machine
// knows us by, not the 1 that we are to ourselves.
func noteKeeper() error {
	l, _, ok := lifeOf("self")
	if !ok {
		return errors.New("find out who we are: /proc/self/stat cannot be read: mount /proc")
	}
	text := fmt.Sprintln(l.pid, l.born)
	if err := os.WriteFile(keeperFile, []byte(text), 0o600); err != nil {
		return fmt.Errorf("note the keeper: %w", err)
	}
	return nil
}

// keeperOf is the keeper of the lab in a directory, dead or alive; it is false
// if there never was one.
func keeperOf(dir string) (life, bool, error) {
	b, err := os.ReadFile(filepath.Join(dir, keeperFile))
	if errors.Is(err, fs.ErrNotExist) {
		return life{}, false, nil
	}
	if err != nil {
		return life{}, false, fmt.Errorf("look for the lab's keeper: %w", err)
	}
	var l life
	if _, err := fmt.Sscan(string(b), &l.pid, &l.born); err != nil {
		return life{}, false, nil // it was killed while it wrote
	}
	return l, true, nil
}

// endKeeper kills the keeper, and with it its pid namespace. When the kernel
// says that it is gone, everything in that namespace is.
func endKeeper(dir string) error {
	keeper, ok, err := keeperOf(dir)
	if err != nil || !ok {
		return err
	}
	fd, err := unix.PidfdOpen(keeper.pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("end the keeper %d: %w", keeper.pid, err)
	}
	defer unix.Close(fd)
	if !keeper.here() {
		return nil // it went by itself: what we hold may be another by now
	}
	if err := unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("end the keeper %d: %w", keeper.pid, err)
	}
	_, err = waitEnd(fd, -1)
	return err
}

// endsWithin waits a while for its end, and reports whether that came.
func (l life) endsWithin(d time.Duration) bool {
	fd, err := unix.PidfdOpen(l.pid, 0)
	if err != nil {
		return true // there is no such process
	}
	defer unix.Close(fd)
	if !l.here() {
		return true // what we hold is another
	}
	ended, err := waitEnd(fd, int(d.Milliseconds()))
	return ended && err == nil
}

// waitEnd waits until the process of a pidfd has ended, at most so many
// milliseconds; -1: for ever.
func waitEnd(fd, ms int) (ended bool, err error) {
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, ms)
		if !errors.Is(err, unix.EINTR) {
			return n > 0, err
		}
	}
}
