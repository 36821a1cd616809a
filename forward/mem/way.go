// SPDX-License-Identifier: Apache-2.0

package mem

import (
	"sync"

	"github.com/ulvs/ulvs/packet"
)

// A way is one direction of a wire: a ring of frames. Those before head are
// lent to the receiver, the others wait for it.
type way struct {
	mu     sync.Mutex // both ends may be at it; speed is not what this is for
	frames []frame
	head   int // the next frame to lend
	lent   int // how many before head are still with the receiver
	wait   int // how many from head on wait
	lost   uint64
	down   bool
	gone   bool
}

// A frame is a copy, in memory that is made when it is first needed and kept.
type frame struct {
	packet.Packet
	mem []byte
}

// usual is how much memory a frame gets that needs no more.
const usual = 2048

func newWay(frames int) *way {
	w := &way{frames: make([]frame, frames)}
	for i := range w.frames {
		w.frames[i].mem = make([]byte, usual)
	}
	return w
}

// set changes what others may look at meanwhile.
func (w *way) set(f func(*way)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f(w)
}

// put copies p to the end of the way.
func (w *way) put(p *packet.Packet) packet.Drop {
	w.mu.Lock()
	defer w.mu.Unlock()
	size := p.End - p.Off
	switch {
	case w.down:
		return packet.LinkDown
	case size < 14 || size > packet.MaxFrame:
		return packet.LinkRefused
	case w.lent+w.wait == len(w.frames):
		w.lost++
		return packet.LinkFull
	}
	w.frames[(w.head+w.wait)%len(w.frames)].copy(p)
	w.wait++
	return packet.None
}

// copy keeps what a wire carries: the bytes, and what the sender said of them.
func (f *frame) copy(p *packet.Packet) {
	size := p.End - p.Off
	if packet.Headroom+size > len(f.mem) {
		f.mem = make([]byte, packet.Headroom+packet.MaxFrame)
	}
	copy(f.mem[packet.Headroom:], p.Buf[p.Off:p.End])
	f.Packet = packet.Packet{
		Buf: f.mem, Off: packet.Headroom, End: packet.Headroom + size,
		Offload: p.Offload, VLAN: p.VLAN, Mark: p.Mark, ToUs: p.ToUs,
	}
}

// lend takes back what was lent and lends what waits.
func (w *way) lend(batch []packet.Packet) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lent = 0
	n := min(len(batch), w.wait)
	for i := range n {
		batch[i] = w.frames[(w.head+i)%len(w.frames)].Packet
	}
	w.head, w.wait, w.lent = (w.head+n)%max(len(w.frames), 1), w.wait-n, n
	if n == 0 && w.gone {
		return 0, errGone
	}
	return n, nil
}
