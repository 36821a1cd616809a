// SPDX-License-Identifier: Apache-2.0

package packet

// A side is where one end of a flow stands in the headers: its address in the
// IPv4 and the IPv6 header, its port in the transport header.
type side struct{ v4, v6, port int }

var (
	source      = side{12, 8, 0}
	destination = side{16, 24, 2}
)

// SetSrc changes the source address and port, and mends every checksum over
// them. Protocols without ports, and later fragments, keep what stands in the
// port's place. The address must be of the packet's own family, or nothing
// happens.
func (p *Packet) SetSrc(e Endpoint) {
	p.set(&p.Flow.Src, &e, source)
}

// SetDst is SetSrc for the destination; the next hop follows it.
func (p *Packet) SetDst(e Endpoint) {
	p.set(&p.Flow.Dst, &e, destination)
	p.Hop = p.Flow.Dst.Addr
}

func (p *Packet) set(was, e *Endpoint, s side) {
	if e.Addr.Is4() != p.Is4() {
		return
	}
	addr, port := p.setAddr(&e.Addr, s), uint32(0)
	was.Addr = e.Addr
	if p.Frag == Later {
		return // the first fragment carries the transport's checksum
	}
	if p.Flow.Ported() && was.Port != e.Port {
		port = setPort(p.Buf[p.L4+s.port:], e.Port)
		was.Port = e.Port
		p.mendSCTP()
	}
	p.mendTransport(addr, port)
}

// setAddr writes an address, mends IPv4's header checksum (it is never left
// unfinished), and returns what changed in the pseudo-header.
func (p *Packet) setAddr(a *Addr, s side) uint32 {
	if !p.Is4() {
		at := p.L3 + s.v6
		return replace(p.Buf[at:at+16], a[:])
	}
	at := p.L3 + s.v4
	delta := replace(p.Buf[at:at+4], a[12:])
	mend(p.Buf[p.L3+10:], delta)
	return delta
}

func setPort(b []byte, port uint16) uint32 {
	delta := uint32(^be.Uint16(b)) + uint32(port)
	be.PutUint16(b, port)
	return delta
}

// mendTransport tells the transport's checksum what changed in the
// pseudo-header and in the ports. An unfinished one covers the pseudo-header
// only: whoever finishes it will read the new ports. That is asked before
// UDP's "zero means none", since an unfinished sum may well be zero.
func (p *Packet) mendTransport(addr, port uint32) {
	at, ok := p.checksum()
	if !ok {
		return
	}
	switch field := p.Buf[at : at+2]; {
	case p.partial():
		be.PutUint16(field, fold(uint64(be.Uint16(field))+uint64(addr)))
	case p.Flow.Proto != ProtoUDP:
		mend(field, addr+port)
	case be.Uint16(field) != 0:
		mend(field, addr+port)
		if be.Uint16(field) == 0 {
			be.PutUint16(field, 0xffff)
		}
	}
}

// checksum is where a transport header holds a one's complement sum that
// covers the pseudo-header.
func (p *Packet) checksum() (at int, ok bool) {
	switch p.Flow.Proto {
	case ProtoTCP:
		return p.L4 + 16, true
	case ProtoUDP:
		return p.L4 + 6, true
	case ProtoICMPv6:
		return p.L4 + 2, !p.Is4()
	}
	return 0, false
}

// pseudo is the sum of the pseudo-header (RFC 9293 §3.1, RFC 8200 §8.1) for a
// transport packet of n bytes. The words of both families are the same ones:
// addresses, protocol, length.
func (p *Packet) pseudo(n int) uint32 {
	s := uint32(p.Flow.Proto) + uint32(n)>>16 + uint32(n)&0xffff
	if p.Is4() {
		return Sum(p.Buf[p.L3+12:p.L3+20], s)
	}
	return Sum(p.Buf[p.L3+8:p.L3+40], s)
}
