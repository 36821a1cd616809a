// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"bytes"
	"fmt"
)

// Like reports whether p is as a line says, nil if so. Who speaks to whom, the
// flags, the ICMP message, which fragment it is, and whether the checksum is
// right must agree; all other words count only if the line says something
// unusual: without "ttl", any TTL will do.
func (p *Packet) Like(line string) error {
	var drawn Packet
	if err := drawn.FromText(line); err != nil {
		return err
	}
	q := *p
	q.Buf = bytes.Clone(p.Buf[p.Off:p.End])
	q.Off, q.End = 0, len(q.Buf)
	if why := q.Parse(); why != None && why != NotOurs {
		return fmt.Errorf("want %s: %w", line, why)
	}
	var want, got sketch
	want.look(&drawn)
	got.look(&q)
	if !got.same(&want) || !got.has(&want) || !got.hasLink(&want) {
		return fmt.Errorf("want %s, got %s", line, p.Text())
	}
	return nil
}

// same compares what every line says.
func (s *sketch) same(want *sketch) bool {
	return s.kind == want.kind && s.flow == want.flow && s.flags == want.flags && s.icmp == want.icmp && s.sameChunks(want) &&
		s.frag == want.frag && s.offset == want.offset && s.badSum == want.badSum &&
		s.ask == want.ask && s.answer == want.answer && s.who == want.who && s.at == want.at
}

// has compares the words about the packet that want says.
func (s *sketch) has(want *sketch) bool {
	if want.quote != nil && (s.quote == nil || !s.quote.same(want.quote) || !s.quote.has(want.quote)) {
		return false
	}
	return as(s.seq, want.seq, 0) && as(s.ack, want.ack, 0) && as(s.tag, want.tag, 0) && as(s.ident, want.ident, 0) && as(s.mtu, want.mtu, 0) &&
		as(s.ttl, want.ttl, hops) && as(s.tos, want.tos, 0) && as(s.df, want.df, false) && as(s.id, want.id, 0) &&
		as(s.gso, want.gso, 0) && as(s.gsoFull, want.gsoFull, false) && as(s.partial, want.partial, false) &&
		as(s.noSum, want.noSum, false) && as(s.tell, want.tell, Addr{}) &&
		(len(want.options) == 0 || wordOptions(s.options) == wordOptions(want.options)) &&
		(len(want.payload) == 0 || bytes.Equal(s.payload, want.payload))
}

// hasLink compares the words about the link that want says.
func (s *sketch) hasLink(want *sketch) bool {
	return as(s.vlan, want.vlan, 0) && as(s.mark, want.mark, 0) && as(s.notToUs, want.notToUs, false) &&
		(!want.mac.said || s.mac.said && s.mac == want.mac)
}

// as reports whether got is what is wanted, or nothing unusual is wanted.
func as[T comparable](got, want, usual T) bool { return want == usual || got == want }
