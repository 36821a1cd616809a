// SPDX-License-Identifier: Apache-2.0

package packet

// An Outer is an IP header to put around a packet. Addresses decide its family,
// whatever that of the packet inside is.
type Outer struct {
	From, To Addr
	TTL, TOS uint8  // IPv6 calls them hop limit and traffic class
	DF       bool   // of IPv4
	ID       uint16 // of IPv4: identification
}

// IP protocols that stand for a whole packet, or lead to one.
const (
	protoIPv4 = 4
	protoIPv6 = 41
	protoGRE  = 47
)

// inside is the protocol number that says what p is, in the packet around it.
func (p *Packet) inside() uint8 {
	if p.Is4() {
		return protoIPv4
	}
	return protoIPv6
}

// Encap puts p, whose checksums must be finished, into an IP packet of that
// kind of tunnel: see the files encapgue.go and encapgre.go for what may stand
// between the two headers. p is the outer packet afterwards, as Parse would
// find it. from is the source port of GUE.
func (p *Packet) Encap(t Tunnel, o *Outer, from uint16) Drop {
	inner, kind := p.inside(), p.Type
	size := t.Overhead(o.To.Is4())
	if p.L3Len()+size > 0xffff {
		return TooBig
	}
	if _, why := p.Push(size); why != None {
		return why
	}
	switch t.Kind {
	case GUE:
		p.outer(o, ProtoUDP)
		p.gue(t, inner, from)
	case GRE:
		p.outer(o, protoGRE)
		p.gre(t, kind)
	default:
		p.outer(o, inner)
	}
	return None
}

// outer writes the outer IP header into the room that was made for it.
func (p *Packet) outer(o *Outer, proto uint8) {
	p.Flow = Flow{Endpoint{Addr: o.From}, Endpoint{Addr: o.To}, proto}
	p.Hop, p.Frag, p.ID, p.Flags, p.Chunk = o.To, Whole, 0, 0, NoChunk
	if o.To.Is4() {
		p.begin4(p.L3Len() - sizeIPv4)
		h := p.Buf[p.L3:p.L4]
		be.PutUint16(h[4:], o.ID)
		if o.DF {
			be.PutUint16(h[6:], dontFragment)
		}
		h[1], h[8] = o.TOS, o.TTL
		seal4(h)
	} else {
		p.begin6(p.L3Len() - sizeIPv6)
		p.Buf[p.L3+7] = o.TTL
		p.setTOS(o.TOS)
	}
	be.PutUint16(p.Buf[p.L3-2:], p.Type)
}
