// SPDX-License-Identifier: Apache-2.0

package packet

// Work that a sender left to a device: checksums to finish, segments to cut.

// partial reports whether it is p's own transport checksum that is unfinished,
// and not that of a packet which p carries inside.
func (p *Packet) partial() bool {
	return p.Offload.Partial && p.Off+int(p.Offload.Start) == p.L4
}

// lies reports whether o contradicts the frame it came with. Whoever finishes
// the checksum may trust it afterwards.
func (o *Offload) lies(p *Packet) bool {
	if o.Kind != GSONone && (o.Seg == 0 || p.L4 == 0) {
		return true
	}
	start := p.Off + int(o.Start)
	return o.Partial && (start < p.L3 || start+int(o.Offset)+2 > p.End)
}

// headers is where the headers of a super-frame end. Its kind is about the
// transport header that the unfinished checksum is about; the frame may carry
// that in a tunnel.
func (p *Packet) headers() int {
	at := p.L4
	if p.Offload.Partial {
		at = p.Off + int(p.Offload.Start)
	}
	size := sizeUDP
	if p.Offload.Kind&^GSOECN != GSOUDP {
		if at+sizeTCP > p.End {
			return p.End
		}
		size = sizeOfTCP(p.Buf[at:])
	}
	return min(at+size, p.End)
}

// Finish finishes an unfinished checksum here, for a link or a tunnel whose
// device could not. Super-frames stay as they are: each of their segments has
// a checksum of its own.
func (p *Packet) Finish() {
	if !p.Offload.Partial || p.Offload.Kind != GSONone {
		return
	}
	b := p.Buf[p.Off+int(p.Offload.Start) : p.End]
	s := Sum(b, 0)
	proto := uint8(ProtoTCP)
	if p.Offload.Offset == 6 {
		proto = ProtoUDP
	}
	be.PutUint16(b[p.Offload.Offset:], finished(proto, s))
	p.Offload = Offload{}
}

// MakePartial leaves the checksum of a TCP or UDP super-frame to the device.
// Some super-frames come with the checksum of their first segment and the
// kernel's word that it was right; it would refuse to send them so. Of other
// packets, and of those it cannot help, nothing changes.
func (p *Packet) MakePartial() {
	at, ok := p.checksum()
	if !ok || p.Flow.Proto == ProtoICMPv6 || p.Offload.Partial || p.Frag != Whole {
		return
	}
	be.PutUint16(p.Buf[at:], uint16(p.pseudo(p.End-p.L4)))
	p.Offload.Partial = true
	p.Offload.Start, p.Offload.Offset = uint16(p.L4-p.Off), uint16(at-p.L4)
	if p.Offload.Kind != GSONone {
		p.Offload.HdrLen = uint16(p.headers() - p.Off)
	}
}
