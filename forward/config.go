// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"slices"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
	"github.com/ulvs/ulvs/sched"
)

// A config is what the data path goes by. The control side makes a new one for
// each change, and the worker takes it between two batches.
type config struct {
	services map[virtual]*service
	dests    []*dest // by number; nil where a number is free
	numSvc   int
	taken    *host.Taken
	guard    host.GuardSet
	held     map[packet.Addr]bool // VIPs that nobody but us holds
	host     *host.Snapshot
	ports    []port  // by the engine's port number
	family   [2]bool // is there a service of IPv4, of IPv6?
}

// A virtual is the key of a service: what a packet is addressed to.
type virtual struct {
	proto uint8
	end   packet.Endpoint
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
	sched   sched.Scheduler
	servers []*sched.Server // newest first, as the kernel lists them
	of      map[*sched.Server]*dest
}

// A dest is a real server of a service, or one that was deleted and whose
// connections live on.
type dest struct {
	num uint32  // what connections know it by; never changes
	id  ulvs.ID // of its service; never changes

	sched.Server // the worker's, from here on
	home         *service
	mode         uint8 // of connections to come; a connection keeps its own
	available    bool  // still in its service

	translated bool          // control's: its replies are, or once were, translated
	marked     time.Duration // control's: when the trash found it without connections; zero: not yet
}

// serves reports whether there is a service of that family. Where there is not, the kernel's IPVS has no hook
// and sees no packet.
func (c *config) serves(a *packet.Addr) bool {
	if a.Is4() {
		return c.family[0]
	}
	return c.family[1]
}

func (c *config) service(proto uint8, to packet.Endpoint) *service {
	return c.services[virtual{proto, to}]
}

func (c *config) dest(num uint32) *dest { return c.dests[num] }

// port is the engine's number of an interface, false if it is none of ours.
func (c *config) port(index int) (uint8, bool) {
	for i := range c.ports {
		if c.ports[i].index == index {
			return uint8(i), true
		}
	}
	return 0, false
}

// pick chooses a server for a new connection: nil if none can take it.
func (s *service) pick(r sched.Request) *dest { return s.of[s.sched.Pick(r)] }

// The hooks of a scheduler, each after the change it is about. The list is made
// anew each time: the scheduler may hold the old one until it is told.

func (s *service) adopt(scheduler sched.Scheduler) {
	s.sched = scheduler
	s.sched.Update(s.servers, sched.Change{Kind: sched.Init})
}

func (s *service) add(d *dest) {
	s.servers = slices.Concat([]*sched.Server{&d.Server}, s.servers)
	s.of[&d.Server] = d
	s.sched.Update(s.servers, sched.Change{Kind: sched.Add, Server: &d.Server})
}

func (s *service) edit(d *dest) {
	s.sched.Update(s.servers, sched.Change{Kind: sched.Edit, Server: &d.Server})
}

func (s *service) remove(d *dest) {
	s.servers = slices.DeleteFunc(slices.Clone(s.servers), func(x *sched.Server) bool { return x == &d.Server })
	delete(s.of, &d.Server)
	s.sched.Update(s.servers, sched.Change{Kind: sched.Del, Server: &d.Server})
}
