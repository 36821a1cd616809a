// SPDX-License-Identifier: Apache-2.0

package packet

import "errors"

// check refuses what contradicts itself, or cannot be drawn.
func (s *sketch) check() error {
	switch {
	case s.ask || s.answer:
		return s.checkNeighbour()
	case s.isIP():
		return s.checkIP()
	case s.kind == TypeARP || s.kind == typeVLAN || s.kind == typeService:
		return errors.New("this type has words of its own")
	}
	return nil
}

func (s *sketch) checkNeighbour() error {
	is4 := s.kind == TypeARP
	if s.who.Is4() != is4 || s.tell != (Addr{}) && s.tell.Is4() != is4 {
		return errors.New("arp is about IPv4 addresses, nd about IPv6 addresses")
	}
	return nil
}

func (s *sketch) checkIP() error {
	f := &s.flow
	switch {
	case f.Dst.Addr.Is4() != s.is4():
		return errors.New("addresses of two families")
	case !s.is4() && isExtension(f.Proto):
		return errors.New("extension headers have no notation")
	case (f.Src.Port != 0 || f.Dst.Port != 0) && !s.ported():
		return errors.New("no port is in such a packet")
	case s.df && !s.is4():
		return errors.New("df: in IPv6 all packets are so")
	case s.quote != nil && (s.quote.kind != s.kind || !s.quote.isIP() || !s.isError() || len(s.payload) > 0):
		return errors.New("what is in braces must be all that an icmp error carries, of the same family")
	}
	return s.checkTransport()
}

func (s *sketch) checkTransport() error {
	stream := s.flow.Proto == ProtoTCP || s.flow.Proto == ProtoUDP
	switch {
	case (s.gso != 0 || s.partial) && (!stream || s.frag != Whole):
		return errors.New("only whole tcp and udp packets are left to devices")
	case s.noSum && (s.flow.Proto != ProtoUDP || s.badSum || s.partial || s.gso != 0):
		return errors.New("sum none: only in udp, and nothing else about the sum")
	case s.gsoFull && s.partial:
		return errors.New("full and partial at once")
	case len(s.options) > 0 && s.flow.Proto != ProtoTCP:
		return errors.New("options are tcp's")
	}
	return s.checkChunks()
}

// ported reports whether the packet begins with ports.
func (s *sketch) ported() bool { return s.flow.Ported() && s.frag != Later }

// isError reports whether the ICMP message is of a type that quotes.
func (s *sketch) isError() bool {
	if !s.isICMP() || s.frag == Later {
		return false
	}
	if !s.is4() {
		return s.icmp[0] < informational6
	}
	switch s.icmp[0] {
	case unreachable4, sourceQuench4, redirect4, timeExceeded4, parameterBad4:
		return true
	}
	return false
}

// isEcho reports whether the ICMP message is a ping or its answer.
func (s *sketch) isEcho() bool {
	if !s.is4() {
		return s.icmp[0] == echoRequest6 || s.icmp[0] == echoReply6
	}
	return s.icmp[0] == echoRequest4 || s.icmp[0] == echoReply4
}

// saysMTU reports whether the ICMP message says an MTU.
func (s *sketch) saysMTU() bool {
	if !s.is4() {
		return s.icmp == [2]uint8{tooBig6, 0}
	}
	return s.icmp == [2]uint8{unreachable4, 4}
}
