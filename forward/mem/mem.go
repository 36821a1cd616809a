// SPDX-License-Identifier: Apache-2.0

// Package mem is a wire in memory with a link at either end. Tests and lessons
// play on it: nothing is lost that was not meant to be, and nothing happens but
// what somebody did.
package mem

import (
	"errors"
	"fmt"

	"github.com/ulvs/ulvs/packet"
)

// A Link is a forward.Link at one end of a wire. Each end belongs to one
// goroutine; both may run at once.
type Link struct {
	in, out *way
	room    int // frames either way can hold
}

// errGone is for good.
var errGone = errors.New("receive from memory: the port was removed")

// Pipe makes a wire that holds at most so many frames each way, and returns
// its ends. A frame that was received counts until it was given back.
func Pipe(frames int) (a, b *Link) {
	ab, ba := newWay(frames), newWay(frames)
	return &Link{in: ba, out: ab, room: frames}, &Link{in: ab, out: ba, room: frames}
}

// Recv lends the frames that wait, as forward.Link says.
func (l *Link) Recv(batch []packet.Packet) (int, error) {
	return l.in.lend(batch)
}

// Send copies the frames to the other end, as forward.Link says.
func (l *Link) Send(batch []*packet.Packet, sent []packet.Drop) {
	for i, p := range batch {
		sent[i] = l.out.put(p)
	}
}

// Inject is Send for one frame.
func (l *Link) Inject(p packet.Packet) packet.Drop { return l.out.put(&p) }

// Take is Recv for one frame, which the caller may keep.
func (l *Link) Take() (packet.Packet, bool) {
	var batch [1]packet.Packet
	if n, err := l.Recv(batch[:]); n == 0 || err != nil {
		return packet.Packet{}, false
	}
	p := batch[0]
	p.Buf = append([]byte(nil), p.Buf...)
	return p, true
}

// SetUp sets the port up, as it is at first, or down: what is sent then, in
// either direction, is lost.
func (l *Link) SetUp(up bool) {
	l.in.set(func(w *way) { w.down = !up })
	l.out.set(func(w *way) { w.down = !up })
}

// Remove takes the port away, as when an interface is deleted: Recv returns an
// error from now on. The other end has a port that is down.
func (l *Link) Remove() {
	l.SetUp(false)
	l.in.set(func(w *way) { w.gone = true })
}

// Fd is -1: there is nothing that poll could wait on.
func (l *Link) Fd() int { return -1 }

// Lost counts the frames that the other end sent and found no room for.
func (l *Link) Lost() (n uint64) {
	l.in.set(func(w *way) { n = w.lost })
	return n
}

// String says how many frames there is room for.
func (l *Link) String() string { return fmt.Sprintf("mem: %d frames", l.room) }

// Close is Remove.
func (l *Link) Close() error {
	l.Remove()
	return nil
}
