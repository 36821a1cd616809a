// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/modes"
	"github.com/ulvs/ulvs/neigh"
	"github.com/ulvs/ulvs/packet"
	"github.com/ulvs/ulvs/sched"
)

// The life of a packet, in the order of the functions of this file:
//
//	take     Link.Recv lends a batch; the clock is read once; what is due expires
//	read     Packet.Parse finds the flow; ARP and ND go to neigh
//	know     conntrack.Lookup answers with the connection and the direction
//	choose   only if it is unknown: the service, Scheduler.Pick, conntrack.Insert
//	note     conntrack.Track moves the state; packets and bytes are counted
//	rewrite  modes.All[…].In or .Out
//	send     neigh turns the next hop into a link address; Link.Send
//
// A packet that belongs to no service is the host's own affair. Only where the
// guard keeps the host from seeing it (config.taken) do we do what the host
// would have done: see stray.

// Batch is how many frames a worker takes from a port at a time.
const Batch = 64

// A worker carries packets. Everything in it is touched by one goroutine only;
// others ask it (Engine.ask).
type worker struct {
	cfg       *config
	links     []Link
	table     *conntrack.Table
	frags     *conntrack.Fragments
	locals    *conntrack.Ports
	complains time.Duration // when the log may tell again that there are none left
	neigh     *neigh.Table
	ways      ways
	paths     paths
	wait      *waiting
	claims    []claim
	rivals    map[packet.Addr]packet.MAC    // who else says that a VIP of ours is his
	silent    map[packet.Addr]bool          // next hops that did not answer
	astray    map[packet.Addr]time.Duration // real servers that answered through us, and when last
	limit     limiter
	out       *Outbox
	batch     []packet.Packet
	sent      []packet.Drop
	ctx       packet.Ctx
	quote     packet.Quote
	settings  sched.Settings // schedulers look at them
	queue     Queue          // of packets that the host's rules have marked; nil: none
	queued    bool           // the packets at hand came from there
	met       met            // where services of marks have connections
	news      chan struct{}  // there are more
	log       *slog.Logger
	defence   defence
	free      func() int      // pages of memory that the host could give
	byError   bool            // an ICMP error opens the connection at hand
	about     *conntrack.Conn // whose packet is being sent, where what we say of it counts as an answer
	outerID   uint16          // of the next outer packet
	pieces    uint32          // identification of the last outer IPv6 packet that was cut up
	one       conntrack.Conn  // a connection for one datagram, see once
	now       time.Duration
	estimated time.Duration // when rates are estimated next
	asked     time.Duration // when neigh was last gone through
	worked    bool          // frames came since the worker last slept
	sweeps    bool          // servers were deleted whose connections are to be forgotten
	behind    bool          // more was due to expire than one call ends
	dead      []bool        // ports whose interface is gone
	unplug    func(fd int)  // what waits for frames need not wait for that one any more
	gone      func(*conntrack.Conn)
	askFn     func(neigh.Key, packet.MAC)
	lostFn    func(neigh.Key)

	redeemed uint64 // packets that their port left to the host, and the queue brought
	late     uint64 // batches before which not all that was due had expired
	drops    [packet.Drops]uint64
	ports    []traffic
	services []meter // by a service's number
	dests    []meter // by a server's number
	total    traffic
}

// turn carries what waits at every port, once: it reports whether anything did.
func (w *worker) turn(now time.Duration) (bool, error) {
	busy := w.takeQueued(now) // first: the host waits for word of them
	for i := range w.links {
		n, err := w.take(i)
		if err != nil {
			return busy, err
		}
		if n > 0 {
			busy = true
			w.Step(w.batch[:n], now)
			w.flush()
		}
	}
	if !busy { // what is due is due also when nothing comes
		w.Step(nil, now)
		w.flush()
	}
	w.worked = w.worked || busy
	return busy, nil
}

// take is what waits at a port. One that is gone for good is left out from then
// on; the last one's going is an error.
func (w *worker) take(i int) (int, error) {
	if w.dead[i] {
		return 0, nil
	}
	n, err := w.links[i].Recv(w.batch)
	if err != nil {
		w.dead[i] = true
		w.unplug(w.links[i].Fd())
		if slices.Contains(w.dead, false) {
			return 0, nil
		}
		return 0, err
	}
	for j := range w.batch[:n] {
		w.batch[j].Port = uint8(i)
	}
	return n, nil
}

// Step forwards one batch: each frame goes on in place, or is counted with the
// reason why not; what is to be sent stands in the outbox afterwards. It is the
// whole load balancer, as a function from packets to packets.
func (w *worker) Step(batch []packet.Packet, now time.Duration) {
	w.begin(now)
	for i := range batch {
		p := &batch[i]
		if !w.queued { // else its port has counted it
			in := &w.ports[p.Port]
			in.InPkts++
			in.InBytes += uint64(p.End - p.Off)
		}
		why := w.forward(p)
		switch {
		case w.queued && why == packet.NotOurs: // counted when its port had it
			w.queue.Pass(i)
			continue
		case w.queued:
			w.redeemed++
		}
		if why != packet.None {
			w.drops[why]++
		}
	}
	w.neigh.Fresh(now, w.askFn)
}

// begin takes the clock for the batch, and does what is due.
func (w *worker) begin(now time.Duration) {
	w.out.Reset()
	w.expire(now)
	w.estimate()
	w.defend()
	if now-w.asked >= neighTick {
		w.askAround()
	}
	if len(w.claims) > 0 {
		w.press()
	}
}

// expire ends the connections whose time has come.
func (w *worker) expire(now time.Duration) {
	w.now = now
	w.behind = w.table.Expire(now, w.gone) >= conntrack.ExpireAtOnce
	if w.behind {
		w.late++
	}
}

// forward carries one packet through the steps.
func (w *worker) forward(p *packet.Packet) packet.Drop {
	if why := p.Parse(); why != packet.None { // read
		return why
	}
	switch {
	case p.Tag() != 0:
		return packet.NotOurs // of another interface, which is another port
	case p.Type == packet.TypeARP:
		return w.hearARP(p)
	case p.Flow.Proto == packet.ProtoICMP || p.Flow.Proto == packet.ProtoICMPv6:
		return w.icmp(p)
	case !p.ToUs || !w.cfg.serves(&p.Flow.Src.Addr) || !w.mine(p):
		return packet.NotOurs
	}
	if why := w.fragment(p); why != packet.None {
		return why
	}
	c, dir := w.table.Lookup(&p.Flow) // know
	if c != nil && dir == conntrack.In && w.ended(c, p) {
		c = nil
	}
	if c == nil {
		var why packet.Drop
		if c, dir, why = w.choose(p); why != packet.None {
			return why
		}
		if c == nil {
			return w.stray(p)
		}
	}
	return w.carry(c, dir, p)
}

// choose opens a connection for a packet, if it is one that opens any.
func (w *worker) choose(p *packet.Packet) (*conntrack.Conn, conntrack.Dir, packet.Drop) {
	if len(w.cfg.callers) > 0 {
		if c, why := w.initiated(p); c != nil || why != packet.None {
			return c, conntrack.Out, why
		}
	}
	c, why := w.open(p)
	return c, conntrack.In, why
}

// carry takes a packet of a connection to its next hop.
func (w *worker) carry(c *conntrack.Conn, dir conntrack.Dir, p *packet.Packet) packet.Drop {
	d := w.cfg.dest(c.Owner)
	if dir == conntrack.In && !d.available && c.Owner != nobody {
		return packet.ServerGone // the kernel's expire_nodest_conn=0: silently, and the timer runs on
	}
	w.note(c, d, dir, p)
	if dir == conntrack.Out {
		w.goneAstray(c)
	}
	if dir == conntrack.In && c.Flags&(conntrack.Untranslated|conntrack.OnePacket) == conntrack.Untranslated {
		w.about = c
	}
	why := w.deliver(c, dir, p, nil)
	w.about = nil
	w.finish(c)
	return why
}

// note moves the connection's state and counts. A later fragment shows no
// flags: it belongs to what its first has done.
func (w *worker) note(c *conntrack.Conn, d *dest, dir conntrack.Dir, p *packet.Packet) {
	w.count(d, dir, p)
	if d.home != nil && d.home.asks != 0 {
		w.measure(c, d, dir, p)
	}
	if p.Frag == packet.Later || c.Flags&conntrack.OnePacket != 0 {
		return
	}
	if dir == conntrack.In && c.InPkts < math.MaxUint8 {
		c.InPkts++
	}
	switch w.table.Track(c, dir, p.Flags, p.Chunk, w.now) {
	case conntrack.Activated:
		d.Activate()
	case conntrack.Deactivated:
		d.Deactivate()
	}
}

// deliver rewrites and sends. Whether the packet can go at all is decided
// before it is changed, so that an error quotes what its sender had sent.
func (w *worker) deliver(c *conntrack.Conn, dir conntrack.Dir, p *packet.Packet, quote *packet.Quote) packet.Drop {
	m := &modes.All[c.Mode]
	if m.In == nil && dir == conntrack.In {
		return w.wrap(c, p, quote != nil)
	}
	rewrite, hop := m.In, &c.Server.Addr
	if dir == conntrack.Out {
		rewrite, hop = m.Out, &c.Client.Addr
	}
	way, why := w.find(hop)
	switch why {
	case packet.None:
		why = w.mayGo(p, way, quote != nil)
	case packet.NoRoute:
		w.answerError(p, packet.HostUnreachable)
	}
	if why != packet.None {
		return why
	}
	w.ctx.Path, w.ctx.Quote = c.Path, quote
	if why := rewrite(p, &w.ctx); why != packet.None {
		return why
	}
	return w.send(p, way)
}

// flush sends what a step left, port by port.
func (w *worker) flush() {
	for i, link := range w.links {
		frames := w.out.Port(i)
		for len(frames) > 0 {
			n := min(len(frames), len(w.sent))
			link.Send(frames[:n], w.sent[:n])
			w.tally(i, frames[:n])
			frames = frames[n:]
		}
	}
	w.out.Reset()
}

// tally counts what was sent and what was not.
func (w *worker) tally(port int, frames []*packet.Packet) {
	t := &w.ports[port]
	for j, p := range frames {
		if why := w.sent[j]; why != packet.None {
			w.drops[why]++
			continue
		}
		t.OutPkts++
		t.OutBytes += uint64(p.End - p.Off)
	}
}
