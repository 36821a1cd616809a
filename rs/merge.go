// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"bytes"

	"github.com/ulvs/ulvs/packet"
)

// A merger makes super-frames: consecutive TCP segments of a connection become
// one packet of up to 64 KiB, which the kernel takes in one go. That, and not
// the unwrapping, is what makes bulk fast. The kernel's own merging (GRO) does
// not look into what it hands to raw sockets.
//
// Segments merge under the rules of GRO: the same headers but for sequence
// number, length and checksums; a right checksum; all of one size but the last.
// The order of a connection's packets stays. Nothing is copied: a super-frame
// is a list of pieces, which lie where they were received, until flush.
type merger struct {
	open []super // in the order of their begin, at most flows
	one  super   // what passes alone
	head vnetHeader
	out  func(h *vnetHeader, pieces [][]byte)
}

// flows is how many connections are merged at once. A batch rarely has more
// that have more than a segment in it.
const flows = 16

// A super is a segment, and those that follow it.
type super struct {
	inner
	head   int // length of all headers
	seg    int // payload bytes of each segment but the last
	next   uint32
	size   int
	closed bool // the last segment was short, or pushed
	pieces [][]byte
}

// The TCP header's fields (RFC 9293 §3.1).
const (
	tcpSeq   = 4
	tcpAck   = 8
	tcpFlags = 13

	flagPSH = 0x08
	flagACK = 0x10
)

const maxPacket = 65535

// add passes a packet on, or keeps it to be merged until the next flush.
func (m *merger) add(p inner) {
	if p.proto != packet.ProtoTCP || !p.whole || len(p.b) < p.l4+sizeTCP {
		m.pass(p)
		return
	}
	i := m.find(&p)
	if i >= 0 && m.open[i].take(&p) {
		return
	}
	if i >= 0 {
		m.finish(i)
	}
	if p.payload() == 0 || p.b[p.l4+tcpFlags] != flagACK {
		m.pass(p)
		return
	}
	if len(m.open) == flows {
		m.finish(0)
	}
	m.begin(p)
}

// flush passes all on. What was received may be overwritten then.
func (m *merger) flush() {
	for i := range m.open {
		m.emit(&m.open[i])
	}
	m.open = m.open[:0]
}

// pass passes one packet on as it is.
func (m *merger) pass(p inner) {
	m.one = super{inner: p, pieces: append(m.one.pieces[:0], p.b)}
	m.emit(&m.one)
}

// finish passes one super-frame on.
func (m *merger) finish(i int) {
	m.emit(&m.open[i])
	done := m.open[i].pieces
	copy(m.open[i:], m.open[i+1:])
	m.open[len(m.open)-1].pieces = done // its memory is used again
	m.open = m.open[:len(m.open)-1]
}

// begin keeps a segment that others may follow.
func (m *merger) begin(p inner) {
	m.open = m.open[:len(m.open)+1]
	s := &m.open[len(m.open)-1]
	n := p.payload()
	*s = super{
		inner: p, head: len(p.b) - n, seg: n, size: len(p.b),
		next: be.Uint32(p.b[p.l4+tcpSeq:]) + uint32(n), pieces: append(s.pieces[:0], p.b),
	}
}

// find is the connection's super-frame, -1 if it has none.
func (m *merger) find(p *inner) int {
	for i := range m.open {
		if s := &m.open[i]; s.l4 == p.l4 && bytes.Equal(s.b[s.l4:s.l4+4], p.b[p.l4:p.l4+4]) && s.sameEnds(p) {
			return i
		}
	}
	return -1
}

func (p *inner) sameEnds(q *inner) bool {
	if p.is4() != q.is4() {
		return false
	}
	if p.is4() {
		return bytes.Equal(p.b[12:20], q.b[12:20])
	}
	return bytes.Equal(p.b[8:40], q.b[8:40])
}

// payload is how many bytes lie behind the TCP header; 0 if that is wrong.
func (p *inner) payload() int {
	size := int(p.b[p.l4+12]>>4) * 4
	return max(0, len(p.b)-p.l4-max(size, sizeTCP))
}

// take puts a segment behind those before, if it belongs there.
func (s *super) take(p *inner) bool {
	n := p.payload()
	if s.closed || n == 0 || n > s.seg || s.size+n > maxPacket || !s.follows(p) {
		return false
	}
	if len(s.pieces) == 1 && !s.sound() || !p.sound() {
		return false
	}
	s.pieces = append(s.pieces, p.b[len(p.b)-n:])
	s.size += n
	s.next += uint32(n)
	push := p.b[p.l4+tcpFlags] & flagPSH
	s.b[s.l4+tcpFlags] |= push
	s.closed = n < s.seg || push != 0
	return true
}

// follows reports whether p's headers are those of the next segment. The
// identification of IPv4 does not count: nobody will put fragments together.
func (s *super) follows(p *inner) bool {
	a, b := s.b, p.b
	if s.is4() {
		if !bytes.Equal(a[:2], b[:2]) || !bytes.Equal(a[6:9], b[6:9]) {
			return false
		}
	} else if !bytes.Equal(a[:4], b[:4]) || !bytes.Equal(a[6:8], b[6:8]) {
		return false
	}
	a, b = a[s.l4:s.head], b[p.l4:]
	if len(p.b)-p.payload() != s.head || be.Uint32(b[tcpSeq:]) != s.next {
		return false
	}
	return bytes.Equal(a[tcpAck:tcpFlags], b[tcpAck:tcpFlags]) && a[tcpFlags]|flagPSH == b[tcpFlags]|flagPSH &&
		bytes.Equal(a[14:16], b[14:16]) && bytes.Equal(a[18:], b[18:s.head-s.l4])
}

// emit hands the packet out, with what is left to the kernel.
func (m *merger) emit(s *super) {
	m.head = vnetHeader{}
	if len(s.pieces) > 1 {
		s.stretch()
		m.head.segments(s)
	}
	if s.partial {
		m.head.unfinished(s.l4, s.checksumAt())
	}
	m.out(&m.head, s.pieces)
}

// stretch makes the first segment's headers speak of all of them.
func (s *super) stretch() {
	if s.is4() {
		be.PutUint16(s.b[2:], uint16(s.size))
		s.seal()
	} else {
		be.PutUint16(s.b[4:], uint16(s.size-sizeIPv6))
	}
	be.PutUint16(s.b[s.l4+16:], uint16(s.pseudo(s.size-s.l4)))
	s.partial = true
}

// newMerger makes room once and for all.
func newMerger(out func(*vnetHeader, [][]byte)) *merger {
	return &merger{open: make([]super, 0, flows), out: out}
}
