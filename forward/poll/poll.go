// SPDX-License-Identifier: Apache-2.0

// Package poll lets a worker sleep until one of its links has frames, or
// until somebody wakes it.
package poll

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Poller waits for a set of file descriptors. One goroutine waits; any may
// wake it.
type Poller struct {
	fds  []unix.PollFd // the first is the wake-up
	wake int
}

// New waits for fds; those below zero are left out.
func New(fds []int) (*Poller, error) {
	wake, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("make a wake-up: %w", err)
	}
	p := &Poller{wake: wake, fds: []unix.PollFd{{Fd: int32(wake), Events: unix.POLLIN}}}
	for _, fd := range fds {
		if fd >= 0 {
			p.fds = append(p.fds, unix.PollFd{Fd: int32(fd), Events: unix.POLLIN})
		}
	}
	return p, nil
}

// Wait returns when a descriptor is ready, when it was woken, or after d.
func (p *Poller) Wait(d time.Duration) error {
	ts := unix.NsecToTimespec(int64(d))
	n, err := unix.Ppoll(p.fds, &ts, nil)
	if err != nil && err != unix.EINTR {
		return fmt.Errorf("wait for frames: %w", err)
	}
	if n > 0 && p.fds[0].Revents != 0 {
		var b [8]byte
		_, _ = unix.Read(p.wake, b[:]) // empty is as good: the wake-up is over
	}
	return nil
}

// Drop waits for fd no more. Only who waits may call it.
func (p *Poller) Drop(fd int) {
	for i := range p.fds {
		if i > 0 && p.fds[i].Fd == int32(fd) {
			p.fds[i].Fd = -1
		}
	}
}

// Wake ends a Wait, the present one or the next.
func (p *Poller) Wake() {
	one := uint64(1)
	_, _ = unix.Write(p.wake, (*[8]byte)(unsafe.Pointer(&one))[:]) // full means awake
}

// Close gives the wake-up back; nobody may wait any more.
func (p *Poller) Close() error { return unix.Close(p.wake) }
