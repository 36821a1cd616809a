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
	virtual, real                  map[end]struct{}
}

// An end is a Tuple without pointers.
type end struct {
	packet.Endpoint
	proto uint8
}

// Compile makes g ready to be asked.
func Compile(g GuardSet) *Taken {
	t := &Taken{
		held:     addrSet(g.Held),
		local:    addrSet(g.Local),
		roaming:  addrSet(g.roaming()),
		realAddr: make(map[packet.Addr]struct{}, len(g.Real)),
		virtual:  endSet(g.Virtual),
		real:     endSet(g.Real),
	}
	for e := range t.real {
		t.realAddr[e.Addr] = struct{}{}
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
		m[end{packet.EndpointFrom(t.Addr), t.Proto}] = struct{}{}
	}
	return m
}

// Takes reports whether the guard keeps p, which Parse has read, from the
// host's stack. Then nobody but us will handle it.
func (t *Taken) Takes(p *packet.Packet) bool {
	if !p.ToUs || p.Tag() != 0 || p.Type != packet.TypeIPv4 && p.Type != packet.TypeIPv6 {
		return false
	}
	if in(t.held, p.Flow.Dst.Addr) {
		return true
	}
	if p.Frag == packet.Later {
		return in(t.roaming, p.Flow.Dst.Addr) ||
			!in(t.local, p.Flow.Dst.Addr) && in(t.realAddr, p.Flow.Src.Addr)
	}
	if holds(t.virtual, p.Flow.Dst, p.Flow.Proto) {
		return true
	}
	if in(t.local, p.Flow.Dst.Addr) {
		return false
	}
	return holds(t.real, p.Flow.Src, p.Flow.Proto) || t.takesQuoted(p)
}

// takesQuoted is what the rules say of an ICMP error to a stranger.
func (t *Taken) takesQuoted(p *packet.Packet) bool {
	l := &layouts[family(&p.Flow.Dst.Addr)]
	q := l.quoted(p)
	if q == nil {
		return false
	}
	src, okSrc := l.end(q, l.src, l.ports)
	dst, okDst := l.end(q, l.dst, l.ports+2)
	return okSrc && holds(t.virtual, src, q[l.proto]) || okDst && holds(t.real, dst, q[l.proto])
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

// end is the end of the quoted packet q whose address and port lie there;
// false if q is cut before its port.
func (l *layout) end(q []byte, addr, port int) (packet.Endpoint, bool) {
	if port+2 > len(q) {
		return packet.Endpoint{}, false
	}
	return packet.Endpoint{Addr: l.addr(q[addr:]), Port: binary.BigEndian.Uint16(q[port:])}, true
}
