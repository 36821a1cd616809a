// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A chunkWord is one chunk of an SCTP packet as a line says it. Of the fields
// that every chunk of its type has, and of its flags, nothing is said: they are
// drawn as zeros.
type chunkWord struct {
	kind uint8
	fill int // bytes behind those fields; of the last chunk they are the payload
}

// chunkNames are the chunks of RFC 9260 by type, and how many bytes each has
// in front of what varies.
var chunkNames = [...]struct {
	name  string
	fixed int
}{
	{"DATA", 12}, {"INIT", 16}, {"INIT-ACK", 16}, {"SACK", 12}, {"HEARTBEAT", 0}, {"HEARTBEAT-ACK", 0},
	{"ABORT", 0}, {"SHUTDOWN", 4}, {"SHUTDOWN-ACK", 0}, {"ERROR", 0}, {"COOKIE-ECHO", 0}, {"COOKIE-ACK", 0},
	{"ECNE", 4}, {"CWR", 4}, {"SHUTDOWN-COMPLETE", 0},
}

// value is where what varies begins in a chunk of that type.
func (c chunkWord) value() int {
	if int(c.kind) < len(chunkNames) {
		return sizeChunk + chunkNames[c.kind].fixed
	}
	return sizeChunk
}

func (c chunkWord) String() string {
	name := strconv.Itoa(int(c.kind))
	if int(c.kind) < len(chunkNames) {
		name = chunkNames[c.kind].name
	}
	if c.fill > 0 {
		name += fmt.Sprintf(":%d", c.fill)
	}
	return name
}

// chunkFrom is the inverse of String; ok is false if the word is none.
func chunkFrom(word string) (c chunkWord, ok bool) {
	name, fill, filled := strings.Cut(word, ":")
	for i, n := range chunkNames {
		if n.name == name {
			c.kind, ok = uint8(i), true
		}
	}
	if !ok {
		n, err := strconv.ParseUint(name, 10, 8)
		c.kind, ok = uint8(n), err == nil
	}
	if ok && filled {
		n, err := strconv.ParseUint(fill, 10, 16)
		c.fill, ok = int(n), err == nil
	}
	return c, ok
}

// chunkList reads the chunks of a line.
func (r *reader) chunkList(s *sketch) {
	size := 0
	for len(r.words) > 0 {
		c, ok := chunkFrom(r.peek())
		if !ok {
			return
		}
		if size += padded(c.value() + c.fill); size > 0xffff {
			r.fail("%v: more chunks than any packet has room for", c)
			return
		}
		s.chunks = append(s.chunks, c)
		r.next()
	}
}

func (s *sketch) checkChunks() error {
	n := len(s.chunks)
	switch {
	case n == 0:
		return nil
	case s.frag == Later:
		return errors.New("chunks are known in the first fragment only")
	case s.chunks[n-1].fill > 0:
		return errors.New("how long the last chunk is, len or data says")
	}
	return nil
}

// drawSCTP is the common header, and all chunks without the last one's value.
func (s *sketch) drawSCTP(b []byte) []byte {
	be.PutUint32(b[4:], s.tag)
	b = b[:sizeSCTP]
	for i, c := range s.chunks {
		n := c.value() + c.fill
		if i == len(s.chunks)-1 {
			n += len(s.payload)
		}
		b = append(b, c.kind, 0, uint8(n>>8), uint8(n))
		b = append(b, make([]byte, padded(c.value()+c.fill)-sizeChunk)...)
	}
	return b
}

// lookSCTP sketches the common header and the chunks, unless what lies behind
// the header is not a row of whole chunks: then it is payload.
func (s *sketch) lookSCTP(b []byte) {
	if len(b) < sizeSCTP {
		return
	}
	s.tag = be.Uint32(b[4:])
	for b = b[sizeSCTP:]; len(b) > 0; {
		c, n := chunkWord{kind: b[0]}, 0
		if len(b) >= sizeChunk {
			n = int(be.Uint16(b[2:]))
		}
		if n < c.value() || n > len(b) {
			s.chunks = nil
			return
		}
		c.fill = n - c.value()
		s.chunks = append(s.chunks, c)
		b = b[min(padded(n), len(b)):]
	}
	s.endChunks()
}

// endChunks moves the length of the last chunk to where the payload says it.
func (s *sketch) endChunks() {
	if n := len(s.chunks); n > 0 {
		s.last, s.chunks[n-1].fill = s.chunks[n-1].fill, 0
	}
}

// sizeOfSCTP is how long the header is with all chunks but the last one's value.
func (s *sketch) sizeOfSCTP() int {
	n := sizeSCTP
	for _, c := range s.chunks {
		n += padded(c.value() + c.fill)
	}
	return n
}

// sameChunks compares which chunks there are.
func (s *sketch) sameChunks(want *sketch) bool {
	return slices.EqualFunc(s.chunks, want.chunks, func(a, b chunkWord) bool { return a.kind == b.kind })
}
