// SPDX-License-Identifier: Apache-2.0

package host

import (
	"encoding/binary"
	"net/netip"

	"github.com/ulvs/ulvs/packet"
)

// A datagram is an IP packet to be made for a test.
type datagram struct {
	src, dst netip.AddrPort
	proto    uint8
	frag     uint16 // offset in units of 8 bytes, shifted by 3, and 1 if more follow
	atomic   bool   // an IPv6 fragment header that says nothing
	options  bool   // IPv4 options or an IPv6 destination header
	payload  []byte // of ICMP: all of it; else behind the ports
}

const (
	first = 1        // offset 0, more follow
	later = 16 << 3  // offset 128, the last
	mid   = 2<<3 | 1 // offset 16, more follow
	tcp   = packet.ProtoTCP
	udp   = packet.ProtoUDP
	sctp  = packet.ProtoSCTP
	minL4 = 24 // a TCP header and a little, or a UDP header and more
)

func (d datagram) bytes() []byte {
	body := d.payload
	if d.proto == tcp || d.proto == udp || d.proto == sctp {
		body = d.transport()
	}
	if d.src.Addr().Is4() {
		return d.ip4(body)
	}
	return d.ip6(body)
}

// transport is a header whose checksum nobody checks here.
func (d datagram) transport() []byte {
	b := make([]byte, minL4)
	binary.BigEndian.PutUint16(b, d.src.Port())
	binary.BigEndian.PutUint16(b[2:], d.dst.Port())
	switch d.proto {
	case tcp:
		b[12] = 5 << 4
	case udp:
		binary.BigEndian.PutUint16(b[4:], minL4)
	}
	return b
}

func (d datagram) ip4(body []byte) []byte {
	h := make([]byte, 20, 64)
	if d.options {
		h = append(h, 1, 1, 1, 0) // no operation, three times, and the end
	}
	h[0] = 4<<4 | byte(len(h)/4)
	binary.BigEndian.PutUint16(h[2:], uint16(len(h)+len(body)))
	binary.BigEndian.PutUint16(h[4:], 7) // identification
	binary.BigEndian.PutUint16(h[6:], d.frag>>3|d.frag&1<<13)
	h[8], h[9] = 64, d.proto
	copy(h[12:], d.src.Addr().AsSlice())
	copy(h[16:], d.dst.Addr().AsSlice())
	binary.BigEndian.PutUint16(h[10:], ^fold(h))
	return append(h, body...)
}

// fold is the ones' complement sum of b.
func fold(b []byte) uint16 {
	var s uint32
	for i := 0; i < len(b); i += 2 {
		s += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	return uint16(s>>16 + s&0xffff)
}

func (d datagram) ip6(body []byte) []byte {
	next := d.proto
	if d.frag != 0 || d.atomic {
		body = append([]byte{next, 0, byte(d.frag >> 8), byte(d.frag), 0, 0, 0, 7}, body...)
		next = 44
	}
	if d.options {
		body = append([]byte{next, 0, 1, 4, 0, 0, 0, 0}, body...) // one PadN
		next = 60
	}
	h := make([]byte, 40, 128)
	h[0] = 6 << 4
	binary.BigEndian.PutUint16(h[4:], uint16(len(body)))
	h[6], h[7] = next, 64
	copy(h[8:], d.src.Addr().AsSlice())
	copy(h[24:], d.dst.Addr().AsSlice())
	return append(h, body...)
}

// quoting is an ICMP message of the type that quotes a packet.
func quoting(kind byte, quote []byte) []byte {
	return append([]byte{kind, 0, 0, 0, 0, 0, 0, 0}, quote...)
}

// frame puts a packet on the link.
func frame(dst, src packet.MAC, ip []byte) []byte {
	kind := uint16(packet.TypeIPv4)
	if ip[0]>>4 == 6 {
		kind = packet.TypeIPv6
	}
	b := append(dst[:], src[:]...)
	return append(binary.BigEndian.AppendUint16(b, kind), ip...)
}

// lent is a frame as a link lends it.
func lent(b []byte, toUs bool) *packet.Packet {
	buf := append(make([]byte, packet.Headroom), b...)
	return &packet.Packet{Buf: buf, Off: packet.Headroom, End: len(buf), ToUs: toUs}
}
