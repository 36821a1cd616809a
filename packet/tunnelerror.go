// SPDX-License-Identifier: Apache-2.0

package packet

// A TunnelError is an ICMP error about a packet that was wrapped: some router
// on the way to the real server, or the server, tells the director what became
// of it. Its sender, the client, does not know of the tunnel; he is told about
// his own packet, which the error quotes behind the outer headers:
//
//	| IP | ICMP | outer IP | GUE or GRE | inner IP: client → virtual | … |
type TunnelError struct {
	Kind   TunnelKind
	Server Endpoint // whom the wrapped packet was for; the port is GUE's, else zero
	Inner  Quote    // the client's packet
	Inner4 bool     // and its family
	Path   int      // the MTU of the path to the server, if it is about that; else zero
}

// TunnelError reads an ICMP error about a wrapped packet. That it is one, is a
// guess until Server proves to be a real server that is reached by a tunnel of
// that kind, and Inner's flow to be a connection's.
func (p *Packet) TunnelError() (e TunnelError, ok bool) {
	if !p.Related() {
		return e, false
	}
	outer, why := p.Quote()
	if why != None || outer.Frag == Later {
		return e, false
	}
	e.Server = outer.Flow.Dst
	b := p.Buf[:p.End]
	at, inner := e.unwrap(&outer, b)
	e.Inner4 = inner == protoIPv4
	if inner != protoIPv4 && inner != protoIPv6 || !e.quote(b, at) {
		return e, false
	}
	e.Path = p.path()
	return e, true
}

// unwrap finds where the inner packet begins, and of which protocol it is; of
// protocol 0 is what we would not have sent.
func (e *TunnelError) unwrap(outer *Quote, b []byte) (at int, proto uint8) {
	at = outer.L4
	switch outer.Flow.Proto {
	case protoIPv4, protoIPv6:
		return at, outer.Flow.Proto
	case ProtoUDP:
		e.Kind = GUE
		return unwrapGUE(b, at)
	case protoGRE:
		e.Kind = GRE
		return unwrapGRE(b, at)
	}
	return at, 0
}

// unwrapGUE steps over a datagram's header and GUE's, of version 0, which is no
// control message, and may have optional fields.
func unwrapGUE(b []byte, at int) (int, uint8) {
	at += sizeUDP
	if at+sizeGUE > len(b) || b[at]&0xe0 != 0 {
		return at, 0
	}
	return at + sizeGUE + int(b[at])*4, b[at+1]
}

// unwrapGRE steps over a GRE header of version 0, which has at most a checksum.
func unwrapGRE(b []byte, at int) (int, uint8) {
	if at+sizeGRE > len(b) || be.Uint16(b[at:])&^greSummed != 0 {
		return at, 0
	}
	next := at + sizeGRE
	if be.Uint16(b[at:]) == greSummed {
		next += sizeGRESum
	}
	switch be.Uint16(b[at+2:]) {
	case TypeIPv4:
		return next, protoIPv4
	case TypeIPv6:
		return next, protoIPv6
	}
	return next, 0
}

// quote reads the inner packet as far as to its ports.
func (e *TunnelError) quote(b []byte, at int) bool {
	q := Quote{L3: at}
	h := ip{flow: &q.Flow}
	read := h.read6
	if e.Inner4 {
		read = h.read4
	}
	if read(b, at) != None {
		return false
	}
	q.L4, q.Frag = h.l4, h.frag
	if q.ported() {
		if q.L4+4 > len(b) {
			return false
		}
		q.Flow.ports(b[q.L4:])
	}
	e.Inner = q
	return true
}

// leastPath is below what Linux does not believe that the MTU of an IPv4 path
// lies (the sysctl net.ipv4.route.min_pmtu): routers of old times say zero, and
// others lie.
const leastPath = 552

// path is the MTU that an ICMP error tells, as far as it is to be believed,
// zero if it is about another matter.
func (p *Packet) path() int {
	b := p.Buf[p.L4:]
	switch {
	case p.Is4() && [2]uint8(b) == errorCodes[TooLong].v4:
		return max(int(be.Uint16(b[6:])), leastPath)
	case !p.Is4() && [2]uint8(b) == errorCodes[TooLong].v6:
		return max(int(min(be.Uint32(b[4:]), 0xffff)), leastMTU6)
	}
	return 0
}

// Relay writes into dst what the client is to hear of an error p about a packet
// of his: the same, about the packet inside. It reports false if he is to hear
// nothing. path is the MTU of the path to the server, as it is known now, which
// may be less than p says.
//
// Of errors between families that have no common word nothing is said. The
// kernel relays only those where both packets are IPv4; of IPv6 its clients
// learn nothing, and their long packets vanish.
func (e *TunnelError) Relay(dst, p *Packet, from Addr, path int) bool {
	about := Packet{Buf: p.Buf, L3: e.Inner.L3, L4: e.Inner.L4, End: p.End, Type: TypeIPv6, Flow: e.Inner.Flow}
	if e.Inner4 {
		about.Type = TypeIPv4
	}
	if e.Path != 0 {
		ICMPError(dst, &about, from, TooLong, clientMTU(path, p.Is4()))
		return about.DF()
	}
	kind, known := p.errorKind()
	ICMPError(dst, &about, from, kind, 0)
	if e.Inner4 != p.Is4() {
		return known
	}
	b := dst.Buf[dst.L4:]
	copy(b[:2], p.Buf[p.L4:])
	copy(b[4:8], p.Buf[p.L4+4:])
	dst.seal()
	return true
}

// clientMTU is what a client is told about a path. As in the kernel it leaves
// out the header between the two IP headers: the director itself tells the
// exact number, when the next packet comes that is too long.
func clientMTU(path int, outer4 bool) int {
	size, least := sizeIPv6, leastMTU6
	if outer4 {
		size, least = sizeIPv4, leastMTU4
	}
	if path > size+least {
		path -= size
	}
	return path
}

// errorKind is which of our errors p is.
func (p *Packet) errorKind() (Error, bool) {
	for e := range errorCodes {
		code := errorCodes[e].v6
		if p.Is4() {
			code = errorCodes[e].v4
		}
		if code == [2]uint8(p.Buf[p.L4:]) {
			return Error(e), true
		}
	}
	return 0, false
}
