// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/packet"
)

// A markRule is a rule for marks as the data path looks at it.
type markRule struct {
	dst, src   prefix
	proto      uint8 // zero: any
	ports      ulvs.Ports
	mark, keep uint32 // the new bits, and those of the old mark that stay
}

// A prefix is a network; its mask is what addresses of it agree in.
type prefix struct{ addr, mask halves }

// halves are an address in two words, which are compared at once.
type halves [2]uint64

func halvesOf(a *packet.Addr) halves {
	return halves{binary.NativeEndian.Uint64(a[:8]), binary.NativeEndian.Uint64(a[8:])}
}

func prefixOf(p netip.Prefix) prefix {
	if !p.IsValid() {
		return prefix{}
	}
	m := maskOf(p.Bits(), p.Addr().Is4())
	a := masked(packet.AddrFrom(p.Addr()), m)
	return prefix{halvesOf(&a), halvesOf(&m)}
}

func (p *prefix) has(a *halves) bool {
	return a[0]&p.mask[0] == p.addr[0] && a[1]&p.mask[1] == p.addr[1]
}

// masked are the bits of an address that a mask keeps.
func masked(a, mask packet.Addr) packet.Addr {
	for i := range a {
		a[i] &= mask[i]
	}
	return a
}

// maskOf is the mask of a prefix that long. Every mask of IPv4 keeps what makes
// an address one of IPv4.
func maskOf(bits int, is4 bool) (m packet.Addr) {
	if is4 {
		bits += 96
	}
	for i := range m {
		n := min(max(bits-8*i, 0), 8)
		m[i] = byte(uint16(0xff00) >> n)
	}
	return m
}

func compileMark(r ulvs.MarkRule) markRule {
	return markRule{prefixOf(r.Dst), prefixOf(r.Src), uint8(r.Proto), r.Ports, r.Mark, ^r.Mask}
}

// marked is the mark that a packet has after all rules, beginning with the one
// that it came with. Where no service goes by marks, rules mean nothing.
func (c *config) marked(f *packet.Flow, mark uint32) uint32 {
	if len(c.marks) == 0 {
		return mark
	}
	src, dst := halvesOf(&f.Src.Addr), halvesOf(&f.Dst.Addr)
	for i := range c.rules {
		r := &c.rules[i]
		if (r.proto == 0 || r.proto == f.Proto) && r.dst.has(&dst) && r.src.has(&src) && r.ports.Has(f.Dst.Port) {
			mark = mark&r.keep | r.mark
		}
	}
	return mark
}

// maxMarks bounds the rules: each is looked at for each new connection.
const maxMarks = 1024

// changeMarks carries out the commands about rules for marks.
func (e *Engine) changeMarks(c ulvs.Command) error {
	at := slices.Index(e.book.marks, c.Mark)
	adds := c.Verb == ulvs.AddMark || c.Verb == ulvs.InsertMark
	switch {
	case c.Verb == ulvs.FlushMarks:
		e.book.marks = nil
	case adds && at >= 0:
		return ulvs.ErrMarkExists
	case adds && len(e.book.marks) >= maxMarks:
		return fmt.Errorf("there are %d mark rules already, which is the most: %w", maxMarks, ulvs.ErrRange)
	case adds && c.Mark.Check() != nil:
		return fmt.Errorf("%w: %w", c.Mark.Check(), ulvs.ErrInvalid)
	case c.Verb == ulvs.AddMark:
		e.book.marks = append(slices.Clip(e.book.marks), c.Mark)
	case adds:
		e.book.marks = slices.Concat([]ulvs.MarkRule{c.Mark}, e.book.marks)
	case at < 0:
		return ulvs.ErrNoMark
	default:
		e.book.marks = slices.Concat(e.book.marks[:at], e.book.marks[at+1:])
	}
	return nil
}
