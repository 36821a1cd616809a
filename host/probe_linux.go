// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bytes"
	"encoding/binary"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// A probe is an imagined packet to a virtual tuple, of which nothing but the
// destination is known (nor that, if its address is unspecified), and the registers of the nftables machine as a rule
// fills them with it. Played through a rule it tells whether the rule may
// match, and whether it is aimed at the tuple.
type probe struct {
	to       Tuple
	layout   *layout
	regs     [64]cell
	aimed    bool // a comparison with the destination came out true
	verdicts []*expr.Verdict
	marks    []marking // that the rule sets
}

// A cell is a byte of a register.
type cell struct {
	b           byte
	known, dest bool // dest: it is of the destination's address or port
}

func newProbe(t Tuple) *probe {
	l := &layouts[1]
	if t.Addr.Addr().Unmap().Is4() {
		l = &layouts[0]
	}
	return &probe{to: t, layout: l}
}

// step plays one expression; false: the packet cannot meet it.
func (p *probe) step(e expr.Any) bool {
	switch e := e.(type) {
	case *expr.Meta:
		switch {
		case !e.SourceRegister:
			p.load(e.Register, p.meta(e.Key))
		case e.Key == expr.MetaKeyMARK:
			p.marks = append(p.marks, markingOf(p.at(e.Register, 4)))
		}
	case *expr.Immediate:
		p.load(e.Register, known(e.Data...))
	case *expr.Target:
		p.marks = append(p.marks, targetMarks(e)...)
	case *expr.Payload:
		if e.OperationType == expr.PayloadLoad {
			p.load(e.DestRegister, p.payload(e))
		}
	case *expr.Bitwise:
		p.bitwise(e)
	case *expr.Cmp:
		return p.compare(e)
	case *expr.Range:
		return p.within(p.at(e.Register, len(e.FromData)), e.FromData, e.ToData, e.Op == expr.CmpOpNeq)
	case *expr.Match:
		return p.match(e)
	default:
		p.forget(e)
	}
	return true
}

// at is the n bytes from a register on. Registers 1 to 4 are of 16 bytes, those
// from 8 on of 4, and both are the same memory.
func (p *probe) at(register uint32, n int) []cell {
	from := int(register-unix.NFT_REG32_00) * 4
	if register < unix.NFT_REG32_00 {
		from = int(register-unix.NFT_REG_1) * 16
	}
	if from < 0 || from >= len(p.regs) {
		return make([]cell, n)
	}
	if from+n > len(p.regs) {
		return append(p.regs[from:len(p.regs):len(p.regs)], make([]cell, from+n-len(p.regs))...)
	}
	return p.regs[from : from+n]
}

// load fills a register, and the rest of its last four bytes with zeros.
func (p *probe) load(register uint32, with []cell) {
	full := (len(with) + 3) &^ 3
	to := p.at(register, full)
	for i := range to {
		to[i] = cell{known: true}
	}
	copy(to, with)
}

// forget makes unknown what expressions fill in that say nothing of the
// destination.
func (p *probe) forget(e expr.Any) {
	var register uint32
	switch e := e.(type) {
	case *expr.Ct:
		register = e.Register
	case *expr.Exthdr:
		register = e.DestRegister
	case *expr.Fib:
		register = e.Register
	case *expr.Hash:
		register = e.DestRegister
	case *expr.Numgen:
		register = e.Register
	case *expr.Socket:
		register = e.Register
	}
	if register != 0 {
		p.load(register, make([]cell, 16))
	}
}

func known(b ...byte) []cell {
	out := make([]cell, len(b))
	for i := range b {
		out[i] = cell{b: b[i], known: true}
	}
	return out
}

func (p *probe) meta(k expr.MetaKey) []cell {
	switch k {
	case expr.MetaKeyL4PROTO:
		return []cell{p.proto()}
	case expr.MetaKeyPROTOCOL:
		return known(byte(p.layout.ether>>8), byte(p.layout.ether))
	case expr.MetaKeyNFPROTO:
		if p.layout.size == 4 {
			return known(unix.NFPROTO_IPV4)
		}
		return known(unix.NFPROTO_IPV6)
	}
	return make([]cell, 16)
}

// proto is the packet's protocol; unknown if it is any.
func (p *probe) proto() cell { return cell{b: p.to.Proto, known: p.to.Proto != 0} }

// payload is the part of the packet that is loaded.
func (p *probe) payload(e *expr.Payload) []cell {
	var header [64]cell
	switch e.Base {
	case expr.PayloadBaseNetworkHeader:
		header[p.layout.proto] = p.proto()
		if p.to.Addr.Addr().IsUnspecified() {
			break
		}
		for i, b := range p.layout.bytes(p.to.Addr.Addr()) {
			header[p.layout.dst+i] = cell{b, true, true}
		}
	case expr.PayloadBaseTransportHeader:
		if port := p.to.Addr.Port(); port != 0 {
			header[2], header[3] = cell{byte(port >> 8), true, true}, cell{byte(port), true, true}
		}
	}
	from, n := min(int(e.Offset), len(header)), min(int(e.Len), 16)
	return append(header[from:min(from+n, len(header))], make([]cell, max(0, from+n-len(header)))...)
}

func (p *probe) bitwise(e *expr.Bitwise) {
	n := min(int(e.Len), 16, len(e.Mask), len(e.Xor))
	out := make([]cell, n)
	copy(out, p.at(e.SourceRegister, n))
	for i := range out {
		out[i].b = out[i].b&e.Mask[i] ^ e.Xor[i]
		if e.Mask[i] == 0 {
			out[i] = cell{b: e.Xor[i], known: true}
		}
	}
	p.load(e.DestRegister, out)
}

func (p *probe) compare(e *expr.Cmp) bool {
	c := p.at(e.Register, len(e.Data))
	least, most := make([]byte, len(e.Data)), bytes.Repeat([]byte{0xff}, len(e.Data))
	switch e.Op {
	case expr.CmpOpEq, expr.CmpOpNeq:
		return p.within(c, e.Data, e.Data, e.Op == expr.CmpOpNeq)
	case expr.CmpOpLte:
		return p.within(c, least, e.Data, false)
	case expr.CmpOpGte:
		return p.within(c, e.Data, most, false)
	case expr.CmpOpLt:
		return p.within(c, e.Data, most, true)
	case expr.CmpOpGt:
		return p.within(c, least, e.Data, true)
	}
	return true
}

// within plays a comparison with a range, or with all outside it. What holds
// the destination inside is aimed at it; what is for all but a few is not.
func (p *probe) within(c []cell, least, most []byte, outside bool) bool {
	may, must, aimed := inRange(c, least, most)
	if outside {
		return !must
	}
	p.aimed = p.aimed || may && aimed
	return may
}

// inRange reports whether c may and must lie in the range, and whether some of
// the destination is in it. Of a partly unknown c only single values are ruled
// out.
func inRange(c []cell, least, most []byte) (may, must, dest bool) {
	if len(c) != len(least) || len(c) != len(most) {
		return true, false, false
	}
	value, all, differs := make([]byte, len(c)), true, false
	for i := range c {
		value[i] = c[i].b
		all = all && c[i].known
		dest = dest || c[i].known && c[i].dest
		differs = differs || c[i].known && c[i].b != least[i]
	}
	if all {
		may = bytes.Compare(least, value) <= 0 && bytes.Compare(value, most) <= 0
		return may, may, dest
	}
	return !differs || !bytes.Equal(least, most), false, dest
}

// match plays the matches of iptables-nft that nftables did not translate.
func (p *probe) match(e *expr.Match) bool {
	lists, inverted := portMatch(e)
	port := p.to.Addr.Port()
	if lists == nil || port == 0 {
		return true
	}
	value := known(binary.BigEndian.AppendUint16(nil, port)...)
	value[0].dest, value[1].dest = true, true
	for _, r := range lists {
		lo, hi := binary.BigEndian.AppendUint16(nil, r[0]), binary.BigEndian.AppendUint16(nil, r[1])
		if may, _, _ := inRange(value, lo, hi); may {
			return p.within(value, lo, hi, inverted)
		}
	}
	return inverted
}
