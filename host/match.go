// SPDX-License-Identifier: Apache-2.0

package host

import (
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs/packet"
)

// A Match describes packets that a rule of ours marks for a service, by their
// headers. They may be for anybody, as those to a farm of transparent caches.
type Match struct {
	Dst, Src netip.Prefix // zero: any, of the family of the other; both zero: of both
	Proto    uint8        // zero: each of TCP, UDP and SCTP
	Ports    []PortRange  // of the destination, one of them; none: any
}

// A PortRange is the ports from First to Last.
type PortRange struct{ First, Last uint16 }

// Equal reports whether both describe the same packets in the same words.
func (m Match) Equal(o Match) bool {
	return m.Dst == o.Dst && m.Src == o.Src && m.Proto == o.Proto && slices.Equal(m.Ports, o.Ports)
}

// Covers reports whether all packets to that end match, whoever sends them.
func (m Match) Covers(t Tuple) bool {
	if m.Src.IsValid() || m.Dst.IsValid() && !m.Dst.Contains(t.Addr.Addr()) || m.Proto != 0 && m.Proto != t.Proto {
		return false
	}
	return len(m.Ports) == 0 || slices.ContainsFunc(m.Ports, func(r PortRange) bool {
		return r.First <= t.Addr.Port() && t.Addr.Port() <= r.Last
	})
}

// fits reports whether packets of that IP version can match: its prefixes are
// of that version.
func (m *Match) fits(l *layout) bool {
	for _, p := range [...]netip.Prefix{m.Dst, m.Src} {
		if p.IsValid() && !l.holds(p.Addr()) {
			return false
		}
	}
	return true
}

// A match is a Match ready to be asked.
type match struct {
	dst, src prefix  // zero: any
	fits     [2]bool // the IP versions, in the order of layouts
	proto    uint8
	ports    []PortRange
}

func (m *Match) compile() match {
	c := match{proto: m.Proto, ports: m.Ports}
	for i := range layouts {
		c.fits[i] = m.fits(&layouts[i])
	}
	if m.Dst.IsValid() {
		c.dst = prefixFrom(m.Dst)
	}
	if m.Src.IsValid() {
		c.src = prefixFrom(m.Src)
	}
	return c
}

func (m *match) hasAddrs(dst, src *packet.Addr, proto uint8) bool {
	return m.fits[family(dst)] && m.dst.contains(*dst) && m.src.contains(*src) &&
		(m.proto == proto || m.proto == 0 && slices.Contains(ported[:], proto))
}

func (m *match) hasPort(port uint16) bool {
	for _, r := range m.ports {
		if r.First <= port && port <= r.Last {
			return true
		}
	}
	return len(m.ports) == 0
}

// matched reports whether a match describes p.
func (t *Taken) matched(p *packet.Packet) bool {
	for i := range t.matches {
		m := &t.matches[i]
		if m.hasAddrs(&p.Flow.Dst.Addr, &p.Flow.Src.Addr, p.Flow.Proto) && m.hasPort(p.Flow.Dst.Port) {
			return true
		}
	}
	return false
}

// matchedLater asks as far as a fragment that is not the first tells.
func (t *Taken) matchedLater(p *packet.Packet) bool {
	for i := range t.matches {
		if t.matches[i].hasAddrs(&p.Flow.Dst.Addr, &p.Flow.Src.Addr, p.Flow.Proto) {
			return true
		}
	}
	return false
}

// matchedAnswer reports whether a packet with that source and destination
// answers one that a match describes.
func (t *Taken) matchedAnswer(src packet.Endpoint, dst packet.Addr, proto uint8) bool {
	for i := range t.matches {
		m := &t.matches[i]
		if m.hasAddrs(&src.Addr, &dst, proto) && m.hasPort(src.Port) {
			return true
		}
	}
	return false
}
