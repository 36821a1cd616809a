// SPDX-License-Identifier: Apache-2.0

package packet

// A Quote is the packet that an ICMP error is about, as far as the error
// quotes it; offsets are those of the error's own Buf. Its sender is whom the
// error goes to.
type Quote struct {
	Flow   Flow // ports are zero where the protocol has none, or in later fragments
	L3, L4 int  // where its headers begin; a few bytes of the second may be all there is
	Frag   Frag
}

// Quote reads the packet that an ICMP error is about. Its lengths are not
// checked, and cannot be; it must have its ports, if any. Errors in fragments
// are not read.
func (p *Packet) Quote() (Quote, Drop) {
	if !p.IsError() {
		return Quote{}, BadHeader
	}
	if p.Frag != Whole {
		return Quote{}, Truncated
	}
	q := Quote{L3: p.L4 + sizeICMP}
	h := ip{flow: &q.Flow}
	var why Drop
	b := p.Buf[:p.End]
	if p.Is4() {
		why = h.read4(b, q.L3)
	} else {
		why = h.read6(b, q.L3)
	}
	if why != None {
		return Quote{}, why
	}
	q.L4, q.Frag = h.l4, h.frag
	if !q.ported() {
		return q, None
	}
	if q.L4+4 > p.End {
		return Quote{}, Truncated
	}
	q.Flow.ports(b[q.L4:])
	return q, None
}

func (q *Quote) ported() bool { return q.Flow.Ported() && q.Frag != Later }

// SetQuoteSrc changes the source of the packet that p is about, so that the
// one who reads the error knows the packet as his own. The transport checksum
// inside grows stale; nobody reads it, and the kernel leaves it so too.
func (p *Packet) SetQuoteSrc(q *Quote, e Endpoint) {
	p.setQuote(q, &q.Flow.Src, &e, source)
}

// SetQuoteDst is SetQuoteSrc for the destination.
func (p *Packet) SetQuoteDst(q *Quote, e Endpoint) {
	p.setQuote(q, &q.Flow.Dst, &e, destination)
}

// setQuote mends the ICMP checksum for every byte that changes inside: that of
// the quoted IPv4 header among them.
func (p *Packet) setQuote(q *Quote, was, e *Endpoint, s side) {
	if e.Addr.Is4() != p.Is4() {
		return
	}
	delta := p.setQuoteAddr(q, &e.Addr, s)
	was.Addr = e.Addr
	if q.ported() {
		delta += setPort(p.Buf[q.L4+s.port:], e.Port)
		was.Port = e.Port
	}
	if !p.partial() {
		mend(p.Buf[p.L4+2:], delta)
	}
}

func (p *Packet) setQuoteAddr(q *Quote, a *Addr, s side) uint32 {
	if !p.Is4() {
		at := q.L3 + s.v6
		return replace(p.Buf[at:at+16], a[:])
	}
	at := q.L3 + s.v4
	delta := replace(p.Buf[at:at+4], a[12:])
	check := p.Buf[q.L3+10 : q.L3+12]
	was := be.Uint16(check)
	mend(check, delta)
	return delta + uint32(^was) + uint32(be.Uint16(check))
}
