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
	if !p.ToUs || p.Type != etherIPv4 && p.Type != etherIPv6 {
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
	if holds(t.real, p.Flow.Src, p.Flow.Proto) {
		return true
	}
	q, ok := quoted(p)
	return ok && (holds(t.virtual, q.Src, q.Proto) || holds(t.real, q.Dst, q.Proto))
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

// quoted is the flow of the packet that an ICMP error quotes, found at fixed
// places as the kernel's rules find it: Packet.Quote, which can walk options,
// would see more than they do.
func quoted(p *packet.Packet) (f packet.Flow, ok bool) {
	l := &layouts[family(&p.Flow.Dst.Addr)]
	if p.L4 == 0 || p.L4 >= p.End || p.Flow.Proto != l.icmp || !l.isError(p.Buf[p.L4]) {
		return f, false
	}
	q := p.Buf[p.L4:p.End]
	if len(q) < quoteAt+l.ports+4 || l.options && q[quoteAt] != 0x45 {
		return f, false
	}
	q = q[quoteAt:]
	if l.options && binary.BigEndian.Uint16(q[fragAt:])&fragMask != 0 {
		return f, false
	}
	f.Proto = q[l.proto]
	f.Src = packet.Endpoint{Addr: l.addr(q[l.src:]), Port: binary.BigEndian.Uint16(q[l.ports:])}
	f.Dst = packet.Endpoint{Addr: l.addr(q[l.dst:]), Port: binary.BigEndian.Uint16(q[l.ports+2:])}
	return f, true
}
