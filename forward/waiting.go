// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"time"

	"github.com/ulvs/ulvs/neigh"
	"github.com/ulvs/ulvs/packet"
)

const (
	neighTick = 100 * time.Millisecond // between two looks at who is to be asked
	waitAll   = 64                     // packets that wait, in all
	waitOne   = 16                     // … for one neighbour
)

// waiting keeps copies of packets whose next hop has not answered yet.
type waiting struct {
	slots [waitAll]parked
	count int
}

type parked struct {
	packet.Packet
	key  neigh.Key
	used bool
}

func newWaiting() *waiting {
	w := new(waiting)
	memory := make([]byte, waitAll*room)
	for i := range w.slots {
		w.slots[i].Buf = memory[i*room : (i+1)*room : (i+1)*room]
	}
	return w
}

// park keeps a copy of p until its neighbour answers, or is lost.
func (w *worker) park(p *packet.Packet, k neigh.Key) packet.Drop {
	var free *parked
	same := 0
	for i := range w.wait.slots {
		s := &w.wait.slots[i]
		if !s.used {
			free = s
		} else if s.key == k {
			same++
		}
	}
	if free == nil || same >= waitOne {
		return packet.NeighbourQueue
	}
	clone(&free.Packet, p)
	free.key, free.used = k, true
	w.wait.count++
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
// order of their slots.
func (w *worker) unpark() {
	for i := range w.wait.slots {
		s := &w.wait.slots[i]
		if !s.used {
			continue
		}
		if _, known := w.neigh.Known(s.key); !known {
			continue
		}
		s.used = false
		w.wait.count--
		if p := w.out.Make(); p != nil {
			clone(p, &s.Packet)
			w.forwardOn(p)
		}
	}
}

// forwardOn sends a packet that waited. Its way is looked for again: meanwhile
// it may have become another.
func (w *worker) forwardOn(p *packet.Packet) {
	v, why := w.find(&p.Hop)
	if why == packet.None {
		why = w.send(p, v)
	}
	if why != packet.None {
		w.drops[why]++
	}
}

// lost drops all that waited for a neighbour that does not answer, and keeps
// his name for status until he does.
func (w *worker) lost(k neigh.Key) {
	if len(w.silent) < waitAll {
		w.silent[k.Hop] = true
	}
	for i := range w.wait.slots {
		if s := &w.wait.slots[i]; s.used && s.key == k {
			s.used = false
			w.wait.count--
			w.drops[packet.NoNeighbour]++
		}
	}
}

// askAround sends the questions that are due, and what has waited long enough.
func (w *worker) askAround() {
	w.asked = w.now
	w.neigh.Due(w.now, w.askFn, w.lostFn)
	if w.wait.count > 0 {
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
