// SPDX-License-Identifier: Apache-2.0

package host

import (
	"encoding/binary"
	"net/netip"

	"github.com/ulvs/ulvs/packet"
)

// Taken answers for one packet what the guard's rules do with it. It never
// changes, and asking it does not allocate.
type Taken struct {
	held, local, roaming, realAddr map[packet.Addr]struct{}
	ends                           map[packet.Addr]struct{}
	endPorts                       []PortRange
	asideAddr, fixed               map[packet.Addr]struct{}
	virtual, real, aside           map[end]struct{}
	matches                        []match
	queue                          bool // there is one for what the host's rules mark
}

// An end is a Tuple without pointers.
type end struct {
	packet.Endpoint
	proto uint8
}

// Compile makes g ready to be asked.
func Compile(g GuardSet) *Taken {
	t := &Taken{
		held:      addrSet(g.Held),
		local:     addrSet(g.Local),
		roaming:   addrSet(g.roaming()),
		realAddr:  addrSet(addrsOf(g.Real)),
		ends:      addrSet(g.Ends),
		endPorts:  g.EndPorts,
		asideAddr: addrSet(addrsOf(g.Aside)),
		fixed:     addrSet(g.fixed()),
		queue:     len(g.Marks) > 0,
		virtual:   endSet(g.Virtual),
		real:      endSet(g.Real),
		aside:     endSet(g.Aside),
	}
	for i := range g.Matches {
		t.matches = append(t.matches, g.Matches[i].compile())
	}
	return t
}

func addrSet(list []netip.Addr) map[packet.Addr]struct{} {
	m := make(map[packet.Addr]struct{}, len(list))
	for _, a := range list {
		m[packet.AddrFrom(a)] = struct{}{}
	}
	return m
}

func endSet(list []Tuple) map[end]struct{} {
	m := make(map[end]struct{}, len(list))
	for _, t := range list {
		for _, proto := range protocols(t.Proto) {
			m[end{packet.EndpointFrom(t.Addr), proto}] = struct{}{}
		}
	}
	return m
}

// Takes reports whether the guard keeps p, which Parse has read, from the
// host's stack. Then nobody but us will handle it.
func (t *Taken) Takes(p *packet.Packet) bool {
	switch {
	case !forHost(p):
		return false
	case p.Frag == packet.Later:
		return t.takesLater(p)
	case holds(t.aside, p.Flow.Dst, p.Flow.Proto):
		return false
	case in(t.held, p.Flow.Dst.Addr), holds(t.virtual, p.Flow.Dst, p.Flow.Proto), t.matched(p):
		return true
	case in(t.ends, p.Flow.Dst.Addr) && t.comesBack(p):
		return true
	case in(t.local, p.Flow.Dst.Addr):
		return false
	}
	return holds(t.real, p.Flow.Src, p.Flow.Proto) || t.takesQuoted(p)
}

// comesBack is what the rules say of a packet to an end: whether a real server
// answers one of our ports there, or it is an error about what came from one.
func (t *Taken) comesBack(p *packet.Packet) bool {
	if holds(t.real, p.Flow.Src, p.Flow.Proto) {
		return t.ourPort(p.Flow.Dst.Port)
	}
	q := quotedFlow(p)
	return q.src.found && q.dst.found && t.ourPort(q.src.Port) && holds(t.real, q.dst.Endpoint, q.proto)
}

func (t *Taken) ourPort(port uint16) bool {
	for _, r := range t.endPorts {
		if r.First <= port && port <= r.Last {
			return true
		}
	}
	return false
}

// Aside reports whether p, which Parse has read, is left to the host because
// one of its rules may mark it for a service: it comes again, from the host's
// queue (see Marks), with its mark or without. So do later fragments, which
// show nothing that a rule could go by, of whatever may belong to such a
// service.
func (t *Taken) Aside(p *packet.Packet) bool {
	if !t.queue || !forHost(p) || !p.Flow.Ported() {
		return false
	}
	if p.Frag == packet.Later {
		return !in(t.fixed, p.Flow.Dst.Addr) && !t.takesLater(p)
	}
	return holds(t.aside, p.Flow.Dst, p.Flow.Proto)
}

// forHost reports whether p is what the guard looks at: unicast IP to us.
func forHost(p *packet.Packet) bool {
	return p.ToUs && p.Tag() == 0 && (p.Type == packet.TypeIPv4 || p.Type == packet.TypeIPv6)
}

// takesLater is what the rules say of a fragment that is not the first.
func (t *Taken) takesLater(p *packet.Packet) bool {
	src, dst := p.Flow.Src.Addr, p.Flow.Dst.Addr
	switch {
	case in(t.asideAddr, dst):
		return false
	case in(t.held, dst), in(t.roaming, dst):
		return true
	case in(t.local, dst):
		return false
	}
	return in(t.realAddr, src) || t.matchedLater(p)
}

// takesQuoted is what the rules say of an ICMP error to a stranger.
func (t *Taken) takesQuoted(p *packet.Packet) bool {
	q := quotedFlow(p)
	return q.src.found && (holds(t.virtual, q.src.Endpoint, q.proto) || t.matchedAnswer(q.src.Endpoint, q.to, q.proto)) ||
		q.dst.found && holds(t.real, q.dst.Endpoint, q.proto)
}

func in(m map[packet.Addr]struct{}, a packet.Addr) bool {
	_, ok := m[a]
	return ok
}

// holds looks for the end itself, and for all ports of its address.
func holds(m map[end]struct{}, e packet.Endpoint, proto uint8) bool {
	if _, ok := m[end{e, proto}]; ok {
		return true
	}
	_, ok := m[end{packet.Endpoint{Addr: e.Addr}, proto}]
	return ok
}

// A quote is what the rules can tell of the packet that an ICMP error quotes.
type quote struct {
	src, dst quotedEnd // not found: the quoted packet is cut before its port
	to       packet.Addr
	proto    uint8
}

type quotedEnd struct {
	packet.Endpoint
	found bool
}

// quotedFlow reads the packet that p quotes, if it is an ICMP error.
func quotedFlow(p *packet.Packet) (f quote) {
	l := &layouts[family(&p.Flow.Dst.Addr)]
	q := l.quoted(p)
	if q == nil {
		return f
	}
	return quote{l.quotedEnd(q, l.src, l.ports), l.quotedEnd(q, l.dst, l.ports+2), l.addr(q[l.dst:]), q[l.proto]}
}

// quoted is the packet that an ICMP error quotes, from its IP header on; nil if
// p is none, or the rules cannot read it. They know fixed places only, so this
// does: Packet.Quote, which walks options, would see more than they do.
func (l *layout) quoted(p *packet.Packet) []byte {
	if p.L4 == 0 || p.L4+quoteAt+l.ports > p.End || p.Flow.Proto != l.icmp || !l.isError(p.Buf[p.L4]) {
		return nil
	}
	q := p.Buf[p.L4+quoteAt : p.End]
	if l.options && (q[0] != 0x45 || binary.BigEndian.Uint16(q[fragAt:])&fragMask != 0) {
		return nil
	}
	return q
}

// quotedEnd is the end of the quoted packet q whose address and port lie there.
func (l *layout) quotedEnd(q []byte, addr, port int) quotedEnd {
	if port+2 > len(q) {
		return quotedEnd{}
	}
	return quotedEnd{packet.Endpoint{Addr: l.addr(q[addr:]), Port: binary.BigEndian.Uint16(q[port:])}, true}
}
