// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"slices"
	"time"

	"github.com/ulvs/ulvs/neigh"
	"github.com/ulvs/ulvs/packet"
)

const (
	neighTick = 100 * time.Millisecond // between two looks at who is to be asked
	waitAll   = 256                    // packets that wait, in all
	waitLarge = 16                     // … of which so many may be super-frames
	waitOne   = 16                     // … for one neighbour
	smallRoom = 2048
)

// waiting keeps copies of packets whose next hop has not answered yet. When it
// is full the oldest goes: a flood towards addresses that nobody has must not
// keep out who answers at once.
type waiting struct {
	slots [waitAll]parked
	queue []uint16 // the slots in use, the oldest first
}

type parked struct {
	packet.Packet
	key neigh.Key
}

func newWaiting() *waiting {
	w := &waiting{queue: make([]uint16, 0, waitAll)}
	memory := make([]byte, waitLarge*room+(waitAll-waitLarge)*smallRoom)
	for i := range w.slots {
		n := smallRoom
		if i < waitLarge {
			n = room
		}
		w.slots[i].Buf, memory = memory[:n:n], memory[n:]
	}
	return w
}

// free is a slot that holds n bytes; the oldest such makes room if it must.
// evicted reports that it did.
func (w *waiting) free(n int) (slot uint16, evicted bool) {
	first := uint16(0)
	if n <= smallRoom {
		first = waitLarge
	}
	for i := first; i < waitAll; i++ {
		if len(w.slots[i].Buf) >= n && !slices.Contains(w.queue, i) {
			return i, false
		}
	}
	at := slices.IndexFunc(w.queue, func(i uint16) bool { return len(w.slots[i].Buf) >= n })
	slot = w.queue[at]
	w.queue = slices.Delete(w.queue, at, at+1)
	return slot, true
}

// waitFor counts the packets that wait for a neighbour.
func (w *waiting) waitFor(k neigh.Key) (n int) {
	for _, i := range w.queue {
		if w.slots[i].key == k {
			n++
		}
	}
	return n
}

// park keeps a copy of p until its neighbour answers, or is lost.
func (w *worker) park(p *packet.Packet, k neigh.Key) packet.Drop {
	if w.wait.waitFor(k) >= waitOne {
		return packet.NeighbourQueue
	}
	slot, evicted := w.wait.free(packet.Headroom + p.End - p.Off)
	if evicted {
		w.drops[packet.NeighbourQueue]++
	}
	clone(&w.wait.slots[slot].Packet, p)
	w.wait.slots[slot].key = k
	w.wait.queue = append(w.wait.queue, slot)
	return packet.None
}

// clone copies p's frame and what is known of it into memory of ours.
func clone(to, p *packet.Packet) {
	buf, shift := to.Buf, packet.Headroom-p.Off
	*to = *p
	to.Buf = buf
	to.Off, to.End, to.L3, to.L4 = p.Off+shift, p.End+shift, p.L3+shift, p.L4+shift
	copy(to.Buf[to.Off:to.End], p.Buf[p.Off:p.End])
}

// unpark sends all that waited for neighbours who are known by now, in the
// order in which it came. What finds no frame of ours free goes on waiting.
func (w *worker) unpark() {
	kept := w.wait.queue[:0]
	for _, i := range w.wait.queue {
		s := &w.wait.slots[i]
		_, known := w.neigh.Known(s.key)
		if !known || !w.out.Room() {
			kept = append(kept, i)
			continue
		}
		p := w.out.Make()
		clone(p, &s.Packet)
		w.forwardOn(p)
	}
	w.wait.queue = kept
}

// forwardOn sends a packet that waited, or one of ours. The way is looked for
// now: meanwhile it may have become another.
func (w *worker) forwardOn(p *packet.Packet) {
	v, why := w.find(&p.Hop)
	if why == packet.None {
		why = w.send(p, v)
	}
	if why != packet.None {
		w.drops[why]++
	}
}

// lost drops all that waited for a neighbour that does not answer, tells who sent
// it, and keeps his name for status until he does.
func (w *worker) lost(k neigh.Key) {
	kept := w.wait.queue[:0]
	for _, i := range w.wait.queue {
		if w.wait.slots[i].key != k {
			kept = append(kept, i)
			continue
		}
		w.drops[packet.NoNeighbour]++
		w.giveUp(&w.wait.slots[i].Packet)
		if len(w.silent) < 16 {
			w.silent[k.Hop] = true
		}
	}
	w.wait.queue = kept
}

// askAround sends the questions that are due, and what has waited long enough.
func (w *worker) askAround() {
	w.asked = w.now
	w.neigh.Due(w.now, w.askFn, w.lostFn)
	if len(w.wait.queue) > 0 {
		w.unpark()
	}
}

// ask sends one question: to the neighbour itself if it was known, else to all.
func (w *worker) ask(k neigh.Key, known packet.MAC) {
	if mac, fixed, ok := w.hostNeighbour(k); ok && known == (packet.MAC{}) {
		w.neigh.Learn(k, mac, fixed, w.now)
		return
	}
	p := w.out.Make()
	if p == nil {
		return
	}
	from := w.cfg.ports[k.Port]
	own := w.cfg.host.Source(from.index, k.Hop)
	if k.Hop.Is4() {
		packet.ARPRequest(p, from.mac, own, k.Hop)
	} else {
		packet.NeighbourSolicit(p, from.mac, own, k.Hop)
	}
	p.Port = k.Port
	w.out.Send(p)
}

// heard takes a neighbour's answer.
func (w *worker) heard(k neigh.Key, mac packet.MAC) {
	delete(w.silent, k.Hop)
	if w.neigh.Hear(k, mac, w.now) {
		w.unpark()
	}
}
