// SPDX-License-Identifier: Apache-2.0

package packet

// look sketches a parsed packet.
func (s *sketch) look(p *Packet) {
	s.kind, s.vlan, s.mark = p.Type, p.Tag(), p.Mark
	switch {
	case s.lookARP(p) || s.lookND(p):
	case p.L4 == 0:
		s.payload = p.Buf[p.L3:p.End]
	default:
		s.lookIP(p)
	}
	s.notToUs = !p.ToUs && !p.DstMAC().Group()
	if dst, src := s.macs(); dst != p.DstMAC() || src != p.SrcMAC() {
		s.mac.said, s.mac.dst, s.mac.src = true, p.DstMAC(), p.SrcMAC()
	}
}

func (s *sketch) lookARP(p *Packet) bool {
	a, ok := p.ARP()
	if !ok {
		return false
	}
	switch {
	case a.IsRequest():
		s.ask, s.who, s.tell = true, a.TargetIP(), a.SenderIP()
	case a.IsReply():
		s.answer, s.who, s.at, s.tell = true, a.SenderIP(), a.SenderMAC(), a.TargetIP()
	default:
		return false
	}
	if s.tell == addr4([]byte{0, 0, 0, 0}) {
		s.tell = Addr{}
	}
	return true
}

func (s *sketch) lookND(p *Packet) bool {
	n, ok := p.ND()
	if !ok {
		return false
	}
	who, mac, told := n.Tells()
	switch {
	case n.IsSolicit():
		s.ask, s.who, s.tell = true, n.Target(), n.from
	case told:
		s.answer, s.who, s.at, s.tell = true, who, mac, n.to
	default:
		return false
	}
	if s.tell == allNodes {
		s.tell = Addr{}
	}
	return true
}

func (s *sketch) lookIP(p *Packet) {
	s.flow, s.frag, s.id = p.Flow, p.Frag, p.ID
	s.lookHeader(p.Buf, p.L3, p.L4)
	b := p.Buf[p.L4:p.End]
	s.lookTransport(b)
	s.payload = b[min(s.headers(b), len(b)):]
	switch {
	case s.flow.Proto == ProtoUDP && s.frag == Whole:
		s.payload = s.payload[:min(len(s.payload), max(0, int(be.Uint16(b[4:]))-sizeUDP))]
	case len(s.chunks) > 0:
		s.payload = s.payload[:s.last]
	}
	s.lookOffload(p)
	if q, why := p.Quote(); why == None {
		s.quote, s.payload = new(sketch), nil
		s.quote.lookQuote(p, &q)
	}
}

// lookQuote sketches a quoted packet: what is left of it, and how long it was.
func (s *sketch) lookQuote(p *Packet, q *Quote) {
	s.kind, s.flow, s.frag = p.Type, q.Flow, q.Frag
	s.lookHeader(p.Buf, q.L3, q.L4)
	b := p.Buf[q.L4:p.End]
	s.lookTransport(b)
	n := q.L3 + int(be.Uint16(p.Buf[q.L3+2:])) - q.L4
	if !s.is4() {
		n = q.L3 + sizeIPv6 + int(be.Uint16(p.Buf[q.L3+4:])) - q.L4
	}
	if n -= s.headers(b); len(s.chunks) > 0 {
		n = s.last
	}
	s.payload = make([]byte, max(0, n))
}

// lookHeader reads the IP header, of which the readers in parse.go found that
// it is there.
func (s *sketch) lookHeader(b []byte, l3, l4 int) {
	h := b[l3:]
	if !s.is4() {
		s.ttl, s.tos, s.more = h[7], uint8(be.Uint16(h)>>4), s.frag == First
		if s.frag == Later {
			word := be.Uint16(b[l4-sizeFragment+2:])
			s.offset, s.more = int(word&^7), word&1 != 0
			s.id = be.Uint32(b[l4-sizeFragment+4:])
		}
		return
	}
	word := be.Uint16(h[6:])
	s.ttl, s.tos, s.id = h[8], h[1], uint32(be.Uint16(h[4:]))
	s.df, s.more, s.offset = word&dontFragment != 0, word&moreFragments != 0, int(word&offsetMask)*8
}

// lookTransport reads of the transport header what is there.
func (s *sketch) lookTransport(b []byte) {
	switch {
	case s.frag == Later:
	case s.flow.Proto == ProtoTCP && len(b) > 13:
		s.seq, s.ack, s.flags = be.Uint32(b[4:]), be.Uint32(b[8:]), TCPFlags(b[13])
		if size := sizeOfTCP(b); size > sizeTCP && size <= len(b) {
			s.options = b[sizeTCP:size]
		}
	case s.flow.Proto == ProtoSCTP:
		s.lookSCTP(b)
	case s.isICMP() && len(b) >= sizeICMP:
		s.icmp = [2]uint8(b)
		s.lookICMP(b)
	}
}

func (s *sketch) lookICMP(b []byte) {
	switch {
	case s.isEcho():
		s.ident, s.seq = be.Uint16(b[4:]), uint32(be.Uint16(b[6:]))
	case s.saysMTU() && s.is4():
		s.mtu = uint32(be.Uint16(b[6:]))
	case s.saysMTU():
		s.mtu = be.Uint32(b[4:])
	}
}

// headers is how long the transport header of s is, as far as b has it.
func (s *sketch) headers(b []byte) int {
	switch {
	case s.frag == Later:
		return 0
	case s.flow.Proto == ProtoTCP && len(b) > 12:
		return max(sizeTCP, sizeOfTCP(b))
	case s.flow.Proto == ProtoTCP:
		return sizeTCP
	case s.flow.Proto == ProtoUDP:
		return sizeUDP
	case s.flow.Proto == ProtoSCTP:
		return s.sizeOfSCTP()
	case s.isICMP():
		return sizeICMP
	}
	return 0
}

// lookOffload reads what is left to a device, and whether the checksum is
// right where that can be told.
func (s *sketch) lookOffload(p *Packet) {
	if p.Frag != Whole {
		return
	}
	if p.Offload.Kind != GSONone {
		s.gso, s.gsoFull = p.Offload.Seg, !p.Offload.Partial
	}
	s.partial = p.partial() && s.gso == 0
	at, ok := p.checksum()
	n := p.End - p.L4
	switch {
	case s.isICMP():
		s.badSum = !p.ICMPGood()
	case s.flow.Proto == ProtoSCTP:
		s.badSum = !goodSCTP(p.Buf[p.L4:p.End])
	case !ok:
	case p.partial():
		s.badSum = uint32(be.Uint16(p.Buf[at:])) != p.pseudo(n)
	case s.flow.Proto == ProtoUDP && be.Uint16(p.Buf[at:]) == 0:
		s.noSum = true
	case s.gso == 0:
		if s.flow.Proto == ProtoUDP {
			n = int(be.Uint16(p.Buf[p.L4+4:]))
		}
		s.badSum = Sum(p.Buf[p.L4:p.L4+n], p.pseudo(n)) != 0xffff
	}
}
