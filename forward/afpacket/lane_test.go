// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"bytes"
	"testing"

	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

// A queue stands in for the socket's: any socket that keeps messages apart
// does. So this needs no privilege, and the lane can be led astray.
type queue struct {
	t    *testing.T
	fd   int
	lane lane
}

func newQueue(t *testing.T) *queue {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET, 0)
	if err != nil {
		t.Fatal(err)
	}
	mem, err := arena(laneFrames * (laneHead + packet.MaxFrame + line))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _, _ = unix.Close(fds[0]), unix.Close(fds[1]), unix.Munmap(mem) })
	_ = unix.SetsockoptInt(fds[1], unix.SOL_SOCKET, unix.SO_SNDBUF, 1<<20)
	return &queue{t: t, fd: fds[1], lane: lane{fd: fds[0], mem: mem}}
}

// whole is frame i of n bytes, with a virtio header before it.
func whole(i, n int) []byte {
	b := make([]byte, virtioLen+n)
	for k := range b {
		b[k] = byte(i + k*7)
	}
	return b
}

func (q *queue) put(frames ...[]byte) {
	q.t.Helper()
	for _, f := range frames {
		if _, err := unix.Write(q.fd, f); err != nil {
			q.t.Fatal(err)
		}
	}
}

// want takes the frame of a slot that holds the first 300 bytes of f.
func (q *queue) want(f []byte, there bool) {
	q.t.Helper()
	got := q.lane.take(f[:300], len(f)-virtioLen)
	if there != (got != nil) {
		q.t.Fatalf("a frame came: %v, want %v", got != nil, there)
	}
	if there && !bytes.Equal(got[laneHead-virtioLen:], f) {
		q.t.Fatal("another frame came")
	}
}

func TestLaneKeepsStep(t *testing.T) {
	q := newQueue(t)
	a, b := whole(1, 3000), whole(2, 60000)
	q.put(a, b)
	q.want(a, true)
	q.want(b, true)
	q.want(a, false)
}

// TestLaneFindsStep: what does not match is lost, and nothing else for long.
func TestLaneFindsStep(t *testing.T) {
	a, b, c, d := whole(1, 3000), whole(2, 3000), whole(3, 4000), whole(4, 5000)
	t.Run("one too many", func(t *testing.T) {
		q := newQueue(t)
		q.put(a, b, c)
		q.want(b, true)
		q.want(c, true)
	})
	t.Run("one too few", func(t *testing.T) {
		q := newQueue(t)
		q.put(b, c)
		q.want(a, false)
		q.want(b, false)
		q.want(c, false)
		q.put(d)
		q.want(d, true)
	})
	t.Run("same length, other frame", func(t *testing.T) {
		q := newQueue(t)
		q.put(a)
		q.want(b, false)
	})
}

// TestLaneTooLong: a frame beyond all bounds is lost, those around it are not.
func TestLaneTooLong(t *testing.T) {
	q := newQueue(t)
	a, b, c := whole(1, 3000), whole(2, packet.MaxFrame+1), whole(3, packet.MaxFrame)
	q.put(a, b, c)
	q.want(a, true)
	q.want(b, false)
	q.want(c, true)
}

// TestLaneIsBounded: fits says when the memory is used up.
func TestLaneIsBounded(t *testing.T) {
	q := newQueue(t)
	for i := range laneFrames {
		if !q.lane.fits(packet.MaxFrame) {
			t.Fatalf("no room for frame %d of %d", i+1, laneFrames)
		}
		f := whole(i, packet.MaxFrame)
		q.put(f)
		q.want(f, true)
	}
	if q.lane.fits(packet.MaxFrame) || q.lane.fits(1<<20) {
		t.Error("there is room for more than the lane is to hold")
	}
}
