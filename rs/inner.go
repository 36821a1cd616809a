// SPDX-License-Identifier: Apache-2.0

package rs

import "github.com/ulvs/ulvs/packet"

// An inner is a packet that came out of its wrapping: where its parts lie.
type inner struct {
	b       []byte // from its IP header to its end
	l4      int    // where the transport header begins
	proto   uint8
	whole   bool // no fragment, no options between the headers
	partial bool // its transport checksum is unfinished
}

const (
	sizeIPv4 = 20
	sizeIPv6 = 40
	sizeTCP  = 20
	sizeUDP  = 8
)

// readInner checks what the kernel would check, so that what is passed on is a
// packet, and cuts off what lies behind it.
func readInner(b []byte) (p inner, why Drop) {
	if len(b) < sizeIPv4 {
		return p, Short
	}
	switch b[0] >> 4 {
	case 4:
		why = p.read4(b)
	case 6:
		why = p.read6(b)
	default:
		return p, NotIP
	}
	if why == none && p.whole {
		p.partial = p.unfinished()
	}
	return p, why
}

func (p *inner) read4(b []byte) Drop {
	size, end := int(b[0]&0xf)*4, int(be.Uint16(b[2:]))
	if size < sizeIPv4 || end < size {
		return Malformed
	}
	if end > len(b) {
		return Short
	}
	if packet.Sum(b[:size], 0) != 0xffff {
		return Malformed
	}
	const fragment = 0x3fff
	p.b, p.l4, p.proto = b[:end], size, b[9]
	p.whole = size == sizeIPv4 && be.Uint16(b[6:])&fragment == 0
	return none
}

func (p *inner) read6(b []byte) Drop {
	if len(b) < sizeIPv6 {
		return Short
	}
	end := sizeIPv6 + int(be.Uint16(b[4:]))
	if end > len(b) {
		return Short
	}
	p.b, p.l4, p.proto, p.whole = b[:end], sizeIPv6, b[6], true
	return none
}

// checksumAt is where the transport header holds a checksum, from its begin; 0
// if it is neither TCP nor UDP, or not all there.
func (p *inner) checksumAt() int {
	switch n := len(p.b) - p.l4; {
	case p.proto == packet.ProtoTCP && n >= sizeTCP:
		return 16
	case p.proto == packet.ProtoUDP && n >= sizeUDP:
		return 6
	}
	return 0
}

// unfinished reports whether the checksum holds the pseudo-header's sum only. A
// sender on the same machine leaves it so, and receivers that merge packets do:
// a raw socket has no way to say it. A finished one looks so once in 65536
// times; that it is believed then costs nothing.
func (p *inner) unfinished() bool {
	at := p.checksumAt()
	return at != 0 && uint32(be.Uint16(p.b[p.l4+at:])) == p.pseudo(len(p.b)-p.l4)
}

// pseudo is the sum of the pseudo-header for a transport packet of n bytes.
func (p *inner) pseudo(n int) uint32 {
	s := uint32(p.proto) + uint32(n)
	if p.is4() {
		return packet.Sum(p.b[12:20], s)
	}
	return packet.Sum(p.b[8:40], s)
}

// sound reports whether the transport checksum is right, or left to be made.
func (p *inner) sound() bool {
	return p.partial || packet.Sum(p.b[p.l4:], p.pseudo(len(p.b)-p.l4)) == 0xffff
}

func (p *inner) is4() bool { return p.b[0]>>4 == 4 }

// The marks of explicit congestion notification (RFC 3168), the lowest bits of
// the traffic class.
const (
	ecnMask   = 3
	congested = 3
)

// congest carries a router's mark on the outer header over to the packet inside
// (RFC 6040). A sender that knows nothing of marks understands loss alone.
func (p *inner) congest(class uint8) Drop {
	if class&ecnMask != congested {
		return none
	}
	if p.is4() {
		if p.b[1]&ecnMask == 0 {
			return Congested
		}
		p.b[1] |= congested
		p.seal()
		return none
	}
	if p.b[1]>>4&ecnMask == 0 {
		return Congested
	}
	p.b[1] |= congested << 4
	return none
}

// seal writes the checksum of an IPv4 header anew.
func (p *inner) seal() {
	be.PutUint16(p.b[10:], 0)
	be.PutUint16(p.b[10:], ^uint16(packet.Sum(p.b[:p.l4], 0)))
}
