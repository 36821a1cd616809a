// SPDX-License-Identifier: Apache-2.0

package packet

// A super-frame is many packets of one flow with their headers written once.
// Where no device can take it apart (behind an outer IP header none can that we
// reach), it is taken apart here, into the packets that the kernel would make:
//
//	IP       lengths of their own; IPv4's identification counts up
//	TCP      the sequence number moves on; FIN and PSH on the last one only,
//	         CWR on the first one only
//	UDP      a length of its own
//	checksums are finished, whatever the super-frame left undone

// congestionReduced is TCP's CWR (RFC 3168 §6.1.2): said once, not once a segment.
const congestionReduced = 0x80

// Segments is how many packets a super-frame becomes, zero if it cannot be
// taken apart: it is none, or not its own transport is what was left to the
// device, but that of a packet inside.
func (p *Packet) Segments() int {
	header, ok := p.segmentHeader()
	if !ok {
		return 0
	}
	body, size := p.End-p.L4-header, int(p.Offload.Seg)
	return max(1, (body+size-1)/size)
}

// segmentHeader is the length of the transport header that each segment gets.
func (p *Packet) segmentHeader() (n int, ok bool) {
	datagrams := p.Offload.Kind&^GSOECN == GSOUDP
	switch {
	case p.Offload.Kind == GSONone || p.Offload.Seg == 0 || p.Frag != Whole || p.Offload.Partial && !p.partial():
		return 0, false
	case p.Flow.Proto == ProtoUDP && datagrams:
		return sizeUDP, true
	case p.Flow.Proto == ProtoTCP && !datagrams:
		return sizeOfTCP(p.Buf[p.L4:]), true
	}
	return 0, false
}

// Segment makes p packet number i, from 0, of those that a super-frame is: a
// copy in p's own memory, of which Buf and Off are given. It reports whether
// there is such a packet, and room for it.
func (p *Packet) Segment(super *Packet, i int) bool {
	header, ok := super.segmentHeader()
	if !ok || i < 0 || i >= super.Segments() {
		return false
	}
	body, size := super.L4+header, int(super.Offload.Seg)
	from, to := body+i*size, min(body+(i+1)*size, super.End)
	if p.Off+body-super.Off+to-from > len(p.Buf) {
		return false
	}
	p.copyHeaders(super, body)
	p.End += copy(p.Buf[p.End:], super.Buf[from:to])
	p.count(i)
	if p.Flow.Proto == ProtoTCP {
		p.place(uint32(i*size), i == 0, to == super.End)
	} else {
		be.PutUint16(p.Buf[p.L4+4:], uint16(p.End-p.L4))
	}
	p.seal()
	return true
}

// copyHeaders makes p a packet like the super-frame, as far as its headers go.
func (p *Packet) copyHeaders(super *Packet, end int) {
	b, off := p.Buf, p.Off
	*p = *super
	p.Buf, p.Off = b, off
	p.L3 += off - super.Off
	p.L4 += off - super.Off
	p.End = off + copy(b[off:], super.Buf[super.Off:end])
	p.Offload = Offload{}
}

// count gives a segment its own IP length, and its own identification.
func (p *Packet) count(i int) {
	ip := p.Buf[p.L3:p.L4]
	if !p.Is4() {
		be.PutUint16(ip[4:], uint16(p.L3Len()-sizeIPv6))
		return
	}
	be.PutUint16(ip[2:], uint16(p.L3Len()))
	be.PutUint16(ip[4:], be.Uint16(ip[4:])+uint16(i))
}

// place tells a segment where in the stream it begins, and takes from it the
// flags that are others' to say.
func (p *Packet) place(at uint32, first, last bool) {
	tcp := p.Buf[p.L4:p.End]
	be.PutUint32(tcp[4:], be.Uint32(tcp[4:])+at)
	if !first {
		tcp[13] &^= congestionReduced
	}
	if !last {
		tcp[13] &^= uint8(FIN | PSH)
	}
	p.Flags = TCPFlags(tcp[13])
}
