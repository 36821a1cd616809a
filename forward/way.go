// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"time"

	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/neigh"
	"github.com/ulvs/ulvs/packet"
)

// A way is how an address is reached: the port, the next hop, its link address.
type way struct {
	to     packet.Addr
	hop    packet.Addr
	mac    packet.MAC // of the next hop, if known
	from   packet.MAC // of our port
	mtu    int
	source packet.Addr // of outer packets that go there
	port   uint8
	known  bool
	why    packet.Drop // why there is no way
}

// ways remembers the answers of routes and neighbours: a direct-mapped cache,
// since a burst goes to few places. An answer serves for wayAge at most, so
// that neigh learns what is still in use.
type ways struct {
	slots [256]struct {
		way
		until time.Duration
	}
	gen uint32
}

const wayAge = time.Second

// leastMTU is what every IPv4 network carries (RFC 791 §3.2).
const leastMTU = 68

// forget throws all answers away: a route, a port or a neighbour changed.
func (c *ways) forget() {
	for i := range c.slots {
		c.slots[i].until = 0
	}
}

// find is the way to an address.
func (w *worker) find(to *packet.Addr) (*way, packet.Drop) {
	if g := w.neigh.Generation(); g != w.ways.gen {
		w.ways.gen = g
		w.ways.forget()
	}
	slot := &w.ways.slots[(to[15]^to[14]*7^to[13]*31)&0xff]
	if slot.until > w.now && slot.to == *to {
		return &slot.way, slot.why
	}
	slot.way = w.look(*to)
	slot.until = w.now + wayAge
	if !slot.known {
		slot.until = 0 // unknown: each packet looks again
	}
	return &slot.way, slot.why
}

// look asks the routes, then the neighbours.
func (w *worker) look(to packet.Addr) way {
	v := way{to: to}
	r, ok := w.cfg.host.Route(to)
	switch {
	case ok && r.Kind == host.Local:
		v.why = packet.ToItself
		return v
	case !ok || r.Kind != host.Unicast:
		v.why = packet.NoRoute
		return v
	}
	if v.port, ok = w.cfg.port(r.IfIndex); !ok {
		v.why = packet.NoRoute // out of an interface that we do not hold
		return v
	}
	p := &w.cfg.ports[v.port]
	v.from, v.mtu, v.hop = p.mac, p.mtu, to
	if r.MTU > 0 {
		v.mtu = min(v.mtu, r.MTU)
	}
	if v.mtu < leastMTU { // the interface is gone, or a route was mistyped
		v.why = packet.NoRoute
		return v
	}
	if v.source = r.Src; v.source == (packet.Addr{}) {
		v.source = w.cfg.host.Source(r.IfIndex, to)
	}
	if r.Gateway != (packet.Addr{}) {
		v.hop = r.Gateway
	}
	k := neigh.Key{Port: v.port, Hop: v.hop}
	v.mac, v.known = w.neigh.Resolve(k, w.now)
	if !v.known {
		v.mac, v.known = w.hint(k)
	}
	return v
}

// hint takes the host kernel's word for a neighbour that we have not asked yet.
func (w *worker) hint(k neigh.Key) (packet.MAC, bool) {
	mac, fixed, ok := w.hostNeighbour(k)
	if ok {
		w.neigh.Learn(k, mac, fixed, w.now)
	}
	return mac, ok
}

// mayGo applies what every router applies before it passes a packet on: the
// TTL first, then the MTU, as the kernel does.
func (w *worker) mayGo(p *packet.Packet, v *way, relayed bool) packet.Drop {
	if why := p.DecTTL(); why != packet.None {
		w.answerError(p, packet.TimeExceeded)
		return why
	}
	if p.SegLen() <= v.mtu || relayed {
		return packet.None
	}
	if !p.Is4() || p.DF() {
		w.answerTooBig(p, v.mtu)
		return packet.TooBig
	}
	return packet.None // send cuts it up
}

// send gives p to the next hop, or lets it wait for the neighbour's answer.
func (w *worker) send(p *packet.Packet, v *way) packet.Drop {
	p.Port = v.port
	if !v.known {
		return w.park(p, neigh.Key{Port: v.port, Hop: v.hop})
	}
	p.SetMAC(v.mac, v.from)
	p.VLAN = 0
	switch {
	case p.SegLen() <= v.mtu:
	case p.Is4(): // with DF, mayGo let pass only errors on their way back
		return w.cut(p, v.mtu)
	case p.Flow.Src.Addr == v.source: // an outer packet: the director is its sender, and may cut it
		return w.cut6(p, v.mtu)
	}
	w.out.Send(p)
	return packet.None
}

// route passes on what the guard kept from the host's own router.
func (w *worker) route(p *packet.Packet) packet.Drop {
	if !w.cfg.ports[p.Port].routes(p) {
		return packet.NotForwarding
	}
	v, why := w.find(&p.Flow.Dst.Addr)
	switch why {
	case packet.None:
		why = w.mayGo(p, v, false)
	case packet.NoRoute:
		w.answerError(p, packet.NetUnreachable)
	}
	if why != packet.None {
		return why
	}
	return w.send(p, v)
}
