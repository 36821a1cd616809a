// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"bytes"
	"fmt"
	"unsafe"

	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

// A lane is the way of frames that no slot holds. The slot has the frame's
// first part, marked TP_STATUS_COPY; the whole frame waits in the socket's
// queue, in the order of the slots.
type lane struct {
	fd   int
	all  []byte // what was mapped for mem
	mem  []byte // lent frames lie here, one behind the other
	used int
}

// What a turn costs is shared by the frames of one Recv: with a single frame a
// stream cost half as much again as with eight; 24 saved another tenth, and
// more than that nothing (two cores with 512 KiB of cache each, November 2026).
const (
	laneFrames = 24  // super-frames that one Recv can lend
	laneHead   = 192 // bytes before each frame, three cache lines
	sample     = 128 // bytes by which a frame is known: all headers, and then some
)

// newLane asks the kernel to keep whole what a slot of that socket's ring does
// not hold.
func newLane(fd int) (lane, error) {
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_COPY_THRESH, 1); err != nil {
		return lane{}, fmt.Errorf("set PACKET_COPY_THRESH: %w", err)
	}
	all, mem, err := hugeArena(laneFrames * (laneHead + packet.MaxFrame + line))
	return lane{fd: fd, all: all, mem: mem}, err
}

// fits reports whether there is room for one more frame of n bytes. What is
// longer than any frame may be needs no more room than the longest: it is lost.
func (l *lane) fits(n int) bool {
	return l.used+laneHead+min(n, packet.MaxFrame) <= len(l.mem)
}

// take reads the frame whose slot begins with part, which includes the virtio
// header; n is its length without. Nil: the frame is lost.
//
// Slots and queue cannot fall out of step as far as we know. Should they, then
// what does not match is dropped, on either side, until they are in step again:
// at the latest when the queue has run empty.
func (l *lane) take(part []byte, n int) []byte {
	b := l.mem[l.used : l.used+laneHead+min(n, packet.MaxFrame)]
	whole := b[laneHead-virtioLen:]
	part = part[:min(len(part), sample)]
	for {
		got, errno := receive(l.fd, whole)
		switch {
		case errno == unix.EINTR, errno == unix.ENETDOWN: // told once, and not about this frame
			continue
		case errno != 0:
			return nil
		case got != virtioLen+n || !bytes.HasPrefix(whole, part):
			continue
		case got > len(whole):
			return nil
		}
		l.used += (len(b) + line - 1) &^ (line - 1)
		return b
	}
}

// receive reads one frame from the socket's queue without waiting, and returns
// its real length, which may be more than b holds.
func receive(fd int, b []byte) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])),
		uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_TRUNC, 0, 0)
	return int(n), errno
}
