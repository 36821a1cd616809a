// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
	"github.com/ulvs/ulvs/sched"
)

// A config is what the data path goes by. It never changes: the control side
// makes a new one, and a worker loads the newest once a batch.
type config struct {
	services map[virtual]*service
	numSvc   int
	dests    []*dest // by number; nil where a number is free
	taken    *host.Taken
	guard    host.GuardSet
	held     map[packet.Addr]bool // VIPs that nobody but us holds
	host     *host.Snapshot
	ports    []port // by the engine's port number
	family   [2]bool
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

// A service is a virtual service with its scheduler.
type service struct {
	ulvs.ID
	num uint32 // its place in the workers' counters

	mu        sync.Mutex // over all below: taken by control, and by a worker for a new connection
	scheduler string
	sched     sched.Scheduler
	dests     []*dest         // newest first, as the kernel lists them
	servers   []*sched.Server // the same, as the scheduler sees them
	of        map[*sched.Server]*dest
}

// A dest is a real server of a service, or one that was deleted and whose
// connections live on.
type dest struct {
	sched.Server
	num        uint32 // what connections know it by
	service    uint32 // the number of its service
	id         ulvs.ID
	mode       uint8         // under the service's mutex; a connection keeps the one it was opened with
	available  atomic.Bool   // still in its service
	marked     time.Duration // control's: when the trash found it without connections; zero: not yet
	translated bool          // control's: its replies are, or once were, translated
}

// Is this family served at all? Where it is not, the kernel's IPVS has no hook
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
func (s *service) pick(r sched.Request) (*dest, uint8) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.of[s.sched.Pick(r)]
	if d == nil {
		return nil, 0
	}
	return d, d.mode
}
