// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"math"
	"slices"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/modes"
	"github.com/ulvs/ulvs/packet"
	"github.com/ulvs/ulvs/sched"
)

// A config is what the data path goes by. The control side makes a new one for
// each change, and the worker takes it between two batches.
type config struct {
	services map[virtual]*service
	marks    map[marked]*service
	rules    []markRule
	ftp      bool                      // some service is TCP port 21, see find.go
	callers  map[packet.Endpoint]*dest // real servers that may begin connections, see initiated
	masq     map[virtual]bool          // real servers whose replies are translated; no protocol: any
	anyPort  bool                      // some service has port zero
	sysctls  sysctls
	dests    []*dest // by number; nil where a number is free
	none     *dest   // who stands for no server, see nobody
	numSvc   int
	taken    *host.Taken
	guard    host.GuardSet
	vips     map[packet.Addr]bool
	locals   map[packet.Addr]bool // local addresses of services, and those still in use
	held     map[packet.Addr]bool // VIPs and local addresses that nobody but us holds
	host     *host.Snapshot
	ports    []port  // by the engine's port number
	family   [2]bool // is there a service of IPv4, of IPv6?
}

// A virtual is the key of a service: what a packet is addressed to.
type virtual struct {
	proto uint8
	end   packet.Endpoint
}

// A marked is the key of a service of a mark.
type marked struct {
	mark uint32
	is4  bool
}

func virtualOf(id ulvs.ID) virtual { return virtual{uint8(id.Proto), packet.EndpointFrom(id.Addr)} }

// A port is an interface of the host as the engine sees it now.
type port struct {
	index int // of the interface
	name  string
	mac   packet.MAC
	mtu   int
	up    bool
	fwd4  bool // the host's kernel would forward IPv4 that arrives here
	fwd6  bool // … IPv6
}

// routes reports whether the host would pass on a packet that is not for it.
func (p *port) routes(q *packet.Packet) bool {
	if q.Is4() {
		return p.fwd4
	}
	return p.fwd6
}

// A service is a virtual service as the data path sees it. It is the worker's:
// what changes it runs between two batches.
type service struct {
	ulvs.ID
	num     uint32 // its place in the counters
	how     how
	sched   sched.Scheduler
	asks    sched.Measures  // what the scheduler wants to know
	servers []*sched.Server // newest first, as the kernel lists them
	of      map[*sched.Server]*dest
}

// A how is what of a service can be edited, besides its scheduler.
type how struct {
	flags     sched.Flags
	persist   time.Duration // zero: not persistent
	mask      packet.Addr   // clients that agree in these bits are one
	onePacket bool
	sip       bool // clients are one by SIP's Call-ID
	locals    []packet.Addr
}

// A dest is a real server of a service, or one that was deleted and whose
// connections live on.
type dest struct {
	num uint32  // what connections know it by; never changes
	id  ulvs.ID // of its service; never changes

	sched.Server // the worker's, from here on
	home         *service
	mode         uint8 // of connections to come; a connection keeps its own
	tunnel       packet.Tunnel
	available    bool // still in its service
	turn         int  // which of the service's local addresses was the last

	masq       bool          // control's: the replies of connections to come are translated
	local      bool          // control's: … and addressed to a local end
	translated bool          // control's: its replies are, or once were, translated
	marked     time.Duration // control's: when the trash found it without connections; zero: not yet
}

// serves reports whether there is a service of that family. Where there is not,
// the kernel's IPVS has no hook and sees no packet.
func (c *config) serves(a *packet.Addr) bool {
	if a.Is4() {
		return c.family[0]
	}
	return c.family[1]
}

func (c *config) dest(num uint32) *dest {
	if num == nobody {
		return c.none
	}
	return c.dests[num]
}

// nobody is the number of no server: of connections that go where their client
// meant them to. Nobody counts them.
const nobody = math.MaxUint32

// bypass is the mode that changes nothing but the next hop.
var bypass, _ = modes.Index("dr")

// port is the engine's number of an interface, false if it is none of ours.
func (c *config) port(index int) (uint8, bool) {
	for i := range c.ports {
		if c.ports[i].index == index {
			return uint8(i), true
		}
	}
	return 0, false
}

// pick chooses a server for a new connection: nil if none can take it. Quoted:
// it is opened by an error that quotes a packet of the virtual address's.
func (s *service) pick(f *packet.Flow, quoted bool, now time.Duration) *dest {
	if s.sched == nil {
		return nil // scheduler "none"
	}
	return s.of[s.sched.Pick(sched.Request{Flow: *f, Quoted: quoted, Now: now, Flags: s.how.flags})]
}

// The hooks of a scheduler, each after the change it is about. The list is made
// anew each time: the scheduler may hold the old one until it is told.

func (s *service) adopt(scheduler sched.Scheduler) {
	s.sched, s.asks = scheduler, 0
	if m, ok := scheduler.(sched.Measurer); ok {
		s.asks = m.Measures()
	}
	s.update(sched.Change{Kind: sched.Init})
}

func (s *service) add(d *dest) {
	s.servers = slices.Concat([]*sched.Server{&d.Server}, s.servers)
	s.of[&d.Server] = d
	s.update(sched.Change{Kind: sched.Add, Server: &d.Server})
}

func (s *service) edit(d *dest) {
	s.update(sched.Change{Kind: sched.Edit, Server: &d.Server})
}

func (s *service) remove(d *dest) {
	s.servers = slices.DeleteFunc(slices.Clone(s.servers), func(x *sched.Server) bool { return x == &d.Server })
	delete(s.of, &d.Server)
	s.update(sched.Change{Kind: sched.Del, Server: &d.Server})
}

// update tells the scheduler, if there is one.
func (s *service) update(c sched.Change) {
	if s.sched != nil {
		s.sched.Update(s.servers, c)
	}
}
