// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// longest is how much payload is written out; of more only the length is said.
const longest = 64

// print words s, in the order of the grammar that FromText has.
func (s *sketch) print(b *strings.Builder) {
	switch {
	case s.ask || s.answer:
		s.printNeighbour(b)
	case s.isIP():
		s.printIP(b)
	default:
		fmt.Fprintf(b, "type 0x%04x", s.kind)
		s.printPayload(b)
	}
	s.printLink(b)
}

func (s *sketch) printNeighbour(b *strings.Builder) {
	word := "nd"
	if s.kind == TypeARP {
		word = "arp"
	}
	if s.ask {
		fmt.Fprintf(b, "%s who-has %v", word, s.who)
	} else {
		fmt.Fprintf(b, "%s %v is-at %v", word, s.who, s.at)
	}
	if s.tell != (Addr{}) {
		fmt.Fprintf(b, " tell %v", s.tell)
	}
}

func (s *sketch) printIP(b *strings.Builder) {
	fmt.Fprintf(b, "%s > %s %s", s.end(s.flow.Src), s.end(s.flow.Dst), s.protoWord())
	if s.flow.Proto == ProtoTCP && s.flags != 0 {
		fmt.Fprintf(b, " %v", s.flags)
	}
	for _, c := range s.chunks {
		fmt.Fprintf(b, " %v", c)
	}
	s.printICMP(b)
	s.printFrag(b)
	s.printTransport(b)
	s.printPayload(b)
	s.printSum(b)
	if s.ttl != hops {
		fmt.Fprintf(b, " ttl %d", s.ttl)
	}
	if s.tos != 0 {
		fmt.Fprintf(b, " tos 0x%x", s.tos)
	}
	if s.df {
		b.WriteString(" df")
	}
	if s.id != 0 {
		fmt.Fprintf(b, " id %d", s.id)
	}
	s.printOffload(b)
}

// end is one end of the flow; ports are written where there are any, since
// zero is a port too.
func (s *sketch) end(e Endpoint) string {
	a := e.Addr.Netip()
	if !a.IsValid() {
		a = netip.IPv6Unspecified() // the zero Addr is both
	}
	if s.ported() {
		return netip.AddrPortFrom(a, e.Port).String()
	}
	return a.String()
}

func (s *sketch) printICMP(b *strings.Builder) {
	if !s.isICMP() || s.frag == Later {
		return
	}
	fmt.Fprintf(b, " %s", icmpWord(s.is4(), s.icmp))
	if s.quote != nil {
		b.WriteString(" { ")
		s.quote.printIP(b)
		b.WriteString(" }")
	}
}

func (s *sketch) printFrag(b *strings.Builder) {
	if s.frag == Whole {
		return
	}
	fmt.Fprintf(b, " frag %d", s.offset)
	if s.more {
		b.WriteString("+")
	}
}

func (s *sketch) printTransport(b *strings.Builder) {
	if s.seq != 0 {
		fmt.Fprintf(b, " seq %d", s.seq)
	}
	if s.ack != 0 {
		fmt.Fprintf(b, " ack %d", s.ack)
	}
	if s.tag != 0 {
		fmt.Fprintf(b, " tag 0x%x", s.tag)
	}
	if s.ident != 0 {
		fmt.Fprintf(b, " ident %d", s.ident)
	}
	if s.mtu != 0 {
		fmt.Fprintf(b, " mtu %d", s.mtu)
	}
	if words := wordOptions(s.options); words != "" {
		b.WriteString(" " + words)
	}
}

func (s *sketch) printPayload(b *strings.Builder) {
	n := len(s.payload)
	switch {
	case n == 0:
	case n > longest || len(bytes.Trim(s.payload, "\x00")) == 0:
		fmt.Fprintf(b, " len %d", n)
	default:
		b.WriteString(" data " + strconv.Quote(string(s.payload)))
	}
}

func (s *sketch) printSum(b *strings.Builder) {
	if s.badSum {
		b.WriteString(" sum bad")
	}
	if s.noSum {
		b.WriteString(" sum none")
	}
}

func (s *sketch) printOffload(b *strings.Builder) {
	if s.gso != 0 {
		fmt.Fprintf(b, " gso %d", s.gso)
	}
	if s.gsoFull {
		b.WriteString(" full")
	}
	if s.partial {
		b.WriteString(" partial")
	}
}

func (s *sketch) printLink(b *strings.Builder) {
	if s.vlan != 0 {
		fmt.Fprintf(b, " vlan %d", s.vlan)
	}
	if s.mark != 0 {
		fmt.Fprintf(b, " mark 0x%x", s.mark)
	}
	if s.mac.said {
		fmt.Fprintf(b, " mac %v > %v", s.mac.src, s.mac.dst)
	}
	if s.notToUs {
		b.WriteString(" not-to-us")
	}
}
