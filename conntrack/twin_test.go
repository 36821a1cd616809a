// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// A twin is the table written so that one sees that it is right: a list, newest
// first, that everything walks.
type twin struct{ conns []*shadow }

// A shadow is a connection of the twin. Its due is a whole number of ticks.
type shadow struct {
	New
	due  time.Duration
	late bool
	real *Conn
}

func ceil(d time.Duration) time.Duration { return (d + resolution - 1).Truncate(resolution) }

func (w *twin) lookup(f packet.Flow) (*shadow, Dir) {
	for _, s := range w.conns {
		if in(s.New) == f && f.Src.Port != 0 {
			return s, In
		}
	}
	for _, s := range w.conns {
		if out(s.New) == f {
			return s, Out
		}
	}
	return nil, In
}

// expire takes out those that are over, and returns them.
func (w *twin) expire(now time.Duration) (gone []*shadow) {
	w.conns = slices.DeleteFunc(w.conns, func(s *shadow) bool {
		over := s.late || s.due <= now
		if over {
			gone = append(gone, s)
		}
		return over
	})
	return gone
}

// A pair is a table and its twin, that live the same life.
type pair struct {
	t   *testing.T
	tab *Table
	twin
	now time.Duration
}

// step does what the word says to both, and compares.
func (p *pair) step(word uint32) {
	n := p.conn(word)
	switch word >> 28 {
	case 0, 1, 2:
		p.insert(n)
	case 3:
		p.now += time.Duration(word&0xffff) * 37 * time.Microsecond
		p.expire()
	case 4:
		p.now += time.Duration(word&0xffff) * 17 * time.Millisecond
		p.expire()
	case 5:
		if s, _ := p.twin.lookup(in(n)); s != nil {
			p.tab.ExpireNow(s.real, p.now)
			s.late = true
		}
	case 6:
		if s, _ := p.twin.lookup(in(n)); s != nil {
			p.tab.Delete(s.real)
			p.conns = slices.DeleteFunc(p.conns, func(x *shadow) bool { return x == s })
		}
	case 7, 8, 9:
		p.track(out(n), word>>16)
	default:
		p.track(in(n), word>>16)
	}
	if p.tab.Len() != len(p.conns) {
		p.t.Fatalf("%d connections, the twin has %d", p.tab.Len(), len(p.conns))
	}
}

// conn is one of few, so that they meet.
func (p *pair) conn(word uint32) New {
	port := uint16(word >> 2 & 7)
	proto := [...]uint8{packet.ProtoTCP, packet.ProtoUDP, packet.ProtoTCP, packet.ProtoSCTP}[word>>5&1|word>>6&2]
	maker := []func(uint8, uint16) New{nat, direct, full, nat}[word&3]
	n := maker(proto, port)
	n.Virtual.Port += uint16(word >> 6 & 1)
	n.Timeout = time.Duration(word>>8&0xff) * 111 * time.Millisecond
	return n
}

func (p *pair) insert(n New) {
	c, why := p.tab.Insert(n, p.now)
	if len(p.conns) == p.tab.Cap() {
		if why != packet.TableFull {
			p.t.Fatal("more than there is room for")
		}
		return
	}
	if why != packet.None {
		p.t.Fatalf("insert with %d of %d: %v", len(p.conns), p.tab.Cap(), why)
	}
	if n.Timeout == 0 {
		n.Timeout = 3 * time.Second
	}
	p.conns = slices.Insert(p.conns, 0, &shadow{New: n, due: ceil(p.now + n.Timeout), real: c})
}

// track plays a packet: says is its flags, or its chunk.
func (p *pair) track(f packet.Flow, says uint32) {
	s, dir := p.twin.lookup(f)
	c, d := p.tab.Lookup(&f)
	if s == nil || c == nil {
		if s != nil || c != nil {
			p.t.Fatalf("%v: found %v, the twin %v", f, c, s)
		}
		return
	}
	if c != s.real || d != dir {
		p.t.Fatalf("%v: another connection or direction than the twin's", f)
	}
	p.tab.Track(c, d, packet.TCPFlags(says), packet.Chunk(1+says%uint32(packet.Chunks-1)), p.now)
	s.due = ceil(p.now + p.tab.Timeouts()[c.State])
}

func (p *pair) expire() {
	want := p.twin.expire(p.now)
	n := p.tab.Expire(p.now, func(c *Conn) {
		if !slices.ContainsFunc(want, func(s *shadow) bool { return s.real == c }) {
			p.t.Fatalf("at %v: %v with %v left is gone, and not at the twin's", p.now, c.Client, c.Left(p.now))
		}
	})
	if n != len(want) {
		p.t.Fatalf("at %v: %d gone, %d at the twin's", p.now, n, len(want))
	}
}

// all compares who is there.
func (p *pair) all() {
	for c := range p.tab.All() {
		if !slices.ContainsFunc(p.conns, func(s *shadow) bool { return s.real == c && s.Path == c.Path }) {
			p.t.Errorf("%v is there, and not at the twin's", c.Client)
		}
	}
}

func live(t *testing.T, words []byte) {
	p := pair{t: t, tab: newTable(24)}
	for ; len(words) >= 4; words = words[4:] {
		p.step(binary.LittleEndian.Uint32(words))
	}
	p.all()
}

func random(seed uint64, n int) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, 0, 4*n)
	for range n {
		b = binary.LittleEndian.AppendUint32(b, r.Uint32())
	}
	return b
}

func TestTwin(t *testing.T) {
	for seed := range uint64(100) {
		live(t, random(seed, 2000))
	}
}

func FuzzTable(f *testing.F) {
	f.Add(random(1, 200))
	f.Fuzz(live)
}
