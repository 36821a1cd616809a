// SPDX-License-Identifier: Apache-2.0

package forward

import "github.com/ulvs/ulvs/packet"

const (
	room  = packet.Headroom + packet.MaxFrame // of a frame of ours
	stock = 192                               // frames of ours a batch may make
	lot   = 256                               // frames of one batch per port; a batch of 64 can wake others
)

// An Outbox is where a step leaves what is to be sent: frames that go on in
// place, and frames that the engine made in memory of its own, which is
// bounded and set aside at the start.
type Outbox struct {
	ports [][]*packet.Packet
	own   []packet.Packet
	used  int
	drops *[packet.Drops]uint64
}

// newOutbox counts what it cannot take in drops.
func newOutbox(ports int, drops *[packet.Drops]uint64) *Outbox {
	o := &Outbox{own: make([]packet.Packet, stock), drops: drops}
	memory := make([]byte, stock*room) // untouched pages cost nothing
	for i := range o.own {
		o.own[i].Buf = memory[i*room : (i+1)*room : (i+1)*room]
	}
	for range ports {
		o.ports = append(o.ports, make([]*packet.Packet, 0, lot))
	}
	return o
}

// Make is an empty frame of ours, nil (and counted) when all are in use.
func (o *Outbox) Make() *packet.Packet {
	if o.used == len(o.own) {
		o.drops[packet.OutboxFull]++
		return nil
	}
	p := &o.own[o.used]
	o.used++
	*p = packet.Packet{Buf: p.Buf, Off: packet.Headroom, End: packet.Headroom}
	return p
}

// Room reports whether another frame of ours can be made.
func (o *Outbox) Room() bool { return o.used < len(o.own) }

// Ready reports whether there is room for some more frames out of a port.
func (o *Outbox) Ready(port uint8) bool {
	return len(o.own)-o.used > 8 && cap(o.ports[port])-len(o.ports[port]) > 8
}

// Send has p go out of the port it names.
func (o *Outbox) Send(p *packet.Packet) {
	lane := &o.ports[p.Port]
	if len(*lane) == cap(*lane) {
		o.drops[packet.OutboxFull]++
		return
	}
	*lane = append(*lane, p)
}

// Port lists what goes out of a port, in order.
func (o *Outbox) Port(i int) []*packet.Packet { return o.ports[i] }

// Reset empties the box; the frames it lent are its own again.
func (o *Outbox) Reset() {
	for i := range o.ports {
		o.ports[i] = o.ports[i][:0]
	}
	o.used = 0
}
