// SPDX-License-Identifier: Apache-2.0

package packet

import "errors"

// usualWindow is what segments offer that do not say it.
const usualWindow = 64240

// draw makes p the packet that s describes, parsed.
func (s *sketch) draw(p *Packet) error {
	body, err := s.body()
	if err != nil {
		return err
	}
	room := Headroom + sizeEthernet + sizeIPv6 + sizeFragment + len(body) + sizeND + sizeLLOption
	*p = Packet{Buf: make([]byte, room), Off: Headroom, VLAN: s.vlan, Mark: s.mark}
	switch {
	case s.ask || s.answer:
		s.drawNeighbour(p)
	case s.isIP():
		s.drawIP(p, body)
	default:
		be.PutUint16(p.Buf[p.Off+12:], s.kind)
		p.End = p.Off + sizeEthernet + copy(p.Buf[p.Off+sizeEthernet:], body)
	}
	dst, src := s.macs()
	p.SetMAC(dst, src)
	p.ToUs = !s.notToUs && !dst.Group()
	if why := p.Parse(); why != None && why != NotOurs {
		return why
	}
	return nil
}

// macs are the link-level addresses, as said or as usual.
func (s *sketch) macs() (dst, src MAC) {
	dst, src = usualDst, usualSrc
	switch {
	case s.mac.said:
		return s.mac.dst, s.mac.src
	case s.ask && s.kind == TypeARP:
		dst = broadcast
	case s.ask:
		_, dst = solicited(&s.who)
	case s.answer && s.tell == (Addr{}):
		dst, src = allNodesMAC, s.at
		if s.kind == TypeARP {
			dst = broadcast
		}
	case s.answer:
		src = s.at
	}
	return dst, src
}

func (s *sketch) drawNeighbour(p *Packet) {
	dst, src := s.macs()
	switch {
	case s.ask && s.kind == TypeARP:
		ARPRequest(p, src, s.tell, s.who)
	case s.ask:
		NeighbourSolicit(p, src, s.tell, s.who)
	case s.kind == TypeARP:
		p.arp(dst, s.at, arpReply, &s.who, dst, &s.tell)
	default:
		to, flags := s.tell, uint8(ndSolicited|ndOverride)
		if to == (Addr{}) {
			to, flags = allNodes, ndOverride
		}
		b := p.begin(&s.who, &to, ProtoICMPv6, sizeND+sizeLLOption)
		p.nd(b, neighbourAdvert, flags, &s.who, targetLL, s.at)
	}
}

// drawIP draws the IP header around the body, and the checksums.
func (s *sketch) drawIP(p *Packet, body []byte) {
	f, ext := &s.flow, 0
	if s.frag != Whole && !s.is4() {
		ext = sizeFragment
	}
	b := p.begin(&f.Src.Addr, &f.Dst.Addr, f.Proto, ext+len(body))
	copy(b[ext:], body)
	p.setTOS(s.tos)
	if s.is4() {
		s.draw4(p.Buf[p.L3:p.L4])
	} else {
		s.draw6(p, b[:ext])
	}
	if p.Frag = s.frag; p.Frag != Later {
		s.seal(p)
	} else if s.is4() {
		seal4(p.Buf[p.L3:p.L4])
	}
}

func (s *sketch) draw4(h []byte) {
	word := uint16(s.offset / 8)
	if s.df {
		word |= dontFragment
	}
	if s.more {
		word |= moreFragments
	}
	be.PutUint16(h[4:], uint16(s.id))
	be.PutUint16(h[6:], word)
	h[8] = s.ttl
}

// draw6 fills in the fragment header, if there is one.
func (s *sketch) draw6(p *Packet, ext []byte) {
	p.Buf[p.L3+7] = s.ttl
	if len(ext) == 0 {
		return
	}
	p.L4 += len(ext)
	p.Buf[p.L3+6] = extFragment
	word := uint16(s.offset)
	if s.more {
		word |= 1
	}
	ext[0] = s.flow.Proto
	be.PutUint16(ext[2:], word)
	be.PutUint32(ext[4:], s.id)
}

// seal writes the checksums as s wants them, and leaves to the device what s
// leaves to it.
func (s *sketch) seal(p *Packet) {
	p.seal()
	at, ok := p.checksum()
	if s.noSum {
		clear(p.Buf[at : at+2])
	}
	if s.gso != 0 {
		p.Offload.Kind, p.Offload.Seg = s.gsoKind(), s.gso
	}
	if s.partial || s.gso != 0 && !s.gsoFull {
		p.MakePartial()
	}
	if s.flow.Proto == ProtoSCTP {
		at, ok = p.L4+8, true
	} else if s.isICMP() {
		at, ok = p.L4+2, true
	}
	if s.badSum && ok {
		spoil(p.Buf[at:])
	}
}

func (s *sketch) gsoKind() uint8 {
	switch {
	case s.flow.Proto == ProtoUDP:
		return GSOUDP
	case s.is4():
		return GSOTCP4
	}
	return GSOTCP6
}

// spoil makes a checksum wrong, and not zero: that could mean "none".
func spoil(field []byte) {
	const off = 0x1111
	wrong := be.Uint16(field) + off
	if wrong == 0 {
		wrong += off
	}
	be.PutUint16(field, wrong)
}

// body is what follows the IP header and its extensions, without checksum.
func (s *sketch) body() ([]byte, error) {
	if !s.isIP() || s.frag == Later {
		return s.payload, nil
	}
	header, rest := s.transport(), s.payload
	if s.quote != nil {
		var q Packet
		if err := s.quote.draw(&q); err != nil {
			return nil, err
		}
		room := quote6
		if s.is4() {
			room = quote4
		}
		rest = q.Buf[q.L3:min(q.End, q.L3+room)]
	}
	longest := 0xffff - sizeFragment
	if s.is4() {
		longest = 0xffff - sizeIPv4
	}
	whole := append(header, rest...)
	if len(s.chunks) > 0 {
		whole = append(whole, make([]byte, padded(len(whole))-len(whole))...)
	}
	if len(whole) > longest {
		return nil, errors.New("longer than any IP packet")
	}
	return whole, nil
}

// transport is the header of the transport, with its options.
func (s *sketch) transport() []byte {
	b := make([]byte, sizeTCP+maxOptions)
	be.PutUint16(b[0:], s.flow.Src.Port)
	be.PutUint16(b[2:], s.flow.Dst.Port)
	switch {
	case s.flow.Proto == ProtoTCP:
		return s.tcp(b)
	case s.flow.Proto == ProtoUDP:
		be.PutUint16(b[4:], uint16(sizeUDP+len(s.payload)))
		return b[:sizeUDP]
	case s.flow.Proto == ProtoSCTP:
		return s.drawSCTP(b)
	case s.isICMP():
		return s.drawICMP(b)
	}
	return nil
}

func (s *sketch) tcp(b []byte) []byte {
	size := sizeTCP + (len(s.options)+3)&^3
	be.PutUint32(b[4:], s.seq)
	be.PutUint32(b[8:], s.ack)
	b[12], b[13] = uint8(size/4)<<4, uint8(s.flags)
	be.PutUint16(b[14:], usualWindow)
	copy(b[sizeTCP:], s.options)
	return b[:size]
}

func (s *sketch) drawICMP(b []byte) []byte {
	b[0], b[1] = s.icmp[0], s.icmp[1]
	switch {
	case s.isEcho():
		be.PutUint16(b[4:], s.ident)
		be.PutUint16(b[6:], uint16(s.seq))
	case s.saysMTU() && s.is4():
		be.PutUint16(b[6:], uint16(s.mtu))
	case s.saysMTU():
		be.PutUint32(b[4:], s.mtu)
	}
	return b[:sizeICMP]
}
