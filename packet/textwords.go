// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"math"
	"strconv"
	"strings"
)

// sketch reads a whole line, or what stands within { }.
func (r *reader) sketch() *sketch {
	s := &sketch{ttl: hops}
	switch r.peek() {
	case "arp", "nd":
		r.neighbour(s)
	case "type":
		r.next()
		s.kind = uint16(r.number(math.MaxUint16))
	default:
		r.ip(s)
	}
	for len(r.words) > 0 && r.peek() != "}" {
		if word := r.next(); !r.linkWord(s, word) && !r.word(s, word) {
			r.fail("unexpected word %q", word)
		}
	}
	if r.err == nil {
		r.err = s.check()
	}
	return s
}

func (r *reader) ip(s *sketch) {
	s.flow.Src = r.end()
	r.want(">")
	s.flow.Dst = r.end()
	s.kind = TypeIPv6
	if s.flow.Src.Addr.Is4() {
		s.kind = TypeIPv4
	}
	switch word := r.next(); word {
	case "proto":
		s.flow.Proto = uint8(r.number(math.MaxUint8))
	case "tcp":
		s.flow.Proto = ProtoTCP
	case "udp":
		s.flow.Proto = ProtoUDP
	case "sctp":
		s.flow.Proto = ProtoSCTP
	case "icmp", "icmp6":
		s.flow.Proto = ProtoICMPv6
		if s.is4() {
			s.flow.Proto = ProtoICMP
		}
	default:
		r.fail("%q: want tcp, udp, sctp, icmp, icmp6 or proto NUMBER", word)
	}
	r.message(s)
}

// message reads what may follow the protocol's word directly.
func (r *reader) message(s *sketch) {
	if f, ok := flagsFrom(r.peek()); ok && s.flow.Proto == ProtoTCP {
		s.flags = f
		r.next()
	}
	if s.flow.Proto == ProtoSCTP {
		r.chunkList(s)
	}
	if !s.isICMP() || r.peek() == "frag" {
		return
	}
	code, err := icmpFrom(s.is4(), r.next())
	if err != nil {
		r.fail("%w", err)
	}
	s.icmp = code
	if r.peek() == "{" {
		r.quote(s)
	}
}

func (r *reader) quote(s *sketch) {
	if r.nested {
		r.fail("a quote within a quote")
		return
	}
	r.want("{")
	r.nested = true
	s.quote = r.sketch()
	r.nested = false
	r.want("}")
}

// neighbour reads what follows arp or nd.
func (r *reader) neighbour(s *sketch) {
	s.kind = TypeIPv6
	if r.next() == "arp" {
		s.kind = TypeARP
	}
	s.ask = r.took("who-has")
	s.answer = !s.ask
	s.who = r.addr()
	if s.answer {
		r.want("is-at")
		s.at = r.mac()
	}
	if r.took("tell") {
		s.tell = r.addr()
	}
}

// word reads one of the optional words about what is in the frame.
func (r *reader) word(s *sketch, word string) bool {
	switch {
	case s.ask || s.answer:
		return false
	case word == "len":
		s.payload = make([]byte, r.number(math.MaxUint16))
	case word == "data":
		r.data(s)
	default:
		return s.isIP() && (r.ipWord(s, word) || r.transportWord(s, word))
	}
	return true
}

func (r *reader) transportWord(s *sketch, word string) bool {
	switch {
	case word == "seq":
		s.seq = uint32(r.number(math.MaxUint32))
	case word == "ack":
		s.ack = uint32(r.number(math.MaxUint32))
	case word == "tag":
		s.tag = uint32(r.number(math.MaxUint32))
	case word == "ident":
		s.ident = uint16(r.number(math.MaxUint16))
	case word == "mtu":
		s.mtu = uint32(r.number(math.MaxUint32))
	case word == "sum":
		r.sum(s)
	case strings.HasPrefix(word, "["):
		s.options = r.options(word)
	default:
		return false
	}
	return true
}

func (r *reader) data(s *sketch) {
	word := r.next()
	text, err := strconv.Unquote(word)
	if err != nil {
		r.fail("data %s: want a quoted string", word)
	}
	s.payload = []byte(text)
}

func (r *reader) sum(s *sketch) {
	switch word := r.next(); word {
	case "bad":
		s.badSum = true
	case "none":
		s.noSum = true
	default:
		r.fail("sum %q: want bad or none", word)
	}
}

// ipWord reads a word about the IP header, or about what the device is to do.
func (r *reader) ipWord(s *sketch, word string) bool {
	switch word {
	case "ttl":
		s.ttl = uint8(r.number(math.MaxUint8))
	case "tos":
		s.tos = uint8(r.number(math.MaxUint8))
	case "df":
		s.df = true
	case "id":
		s.id = uint32(r.number(math.MaxUint32))
	case "frag":
		r.frag(s)
	case "gso":
		s.gso = uint16(r.number(math.MaxUint16))
		s.gsoFull = r.took("full")
	case "partial":
		s.partial = true
	default:
		return false
	}
	return true
}

func (r *reader) frag(s *sketch) {
	word := r.next()
	digits, more := strings.CutSuffix(word, "+")
	n, err := strconv.ParseUint(digits, 0, 16)
	if err != nil || n%8 != 0 || n == 0 && !more {
		r.fail("frag %q: want an offset that 8 divides, with a + if more fragments follow", word)
	}
	s.offset, s.more, s.frag = int(n), more, First
	if n > 0 {
		s.frag = Later
	}
}

func (r *reader) linkWord(s *sketch, word string) bool {
	switch {
	case r.nested:
		return false
	case word == "vlan":
		s.vlan = uint16(r.number(4095))
	case word == "mark":
		s.mark = uint32(r.number(math.MaxUint32))
	case word == "not-to-us":
		s.notToUs = true
	case word == "mac":
		s.mac.src = r.mac()
		r.want(">")
		s.mac.dst = r.mac()
		s.mac.said = true
	default:
		return false
	}
	return true
}

func (s *sketch) is4() bool { return s.kind == TypeIPv4 }

// isIP reports whether s is an IP packet other than neighbour discovery.
func (s *sketch) isIP() bool {
	return (s.kind == TypeIPv4 || s.kind == TypeIPv6) && !s.ask && !s.answer
}

func (s *sketch) isICMP() bool {
	if s.is4() {
		return s.flow.Proto == ProtoICMP
	}
	return s.flow.Proto == ProtoICMPv6
}
