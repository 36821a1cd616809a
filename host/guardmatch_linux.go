// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bytes"
	"encoding/binary"
	"net/netip"

	"github.com/google/nftables/expr"
)

// varying are the rules that one of the chains that vary is to hold.
func (l *layout) varying(chain string, want *GuardSet) (rules []rule) {
	switch chain {
	case chainAside:
		if len(want.Aside) > 0 {
			rules = append(rules,
				l.end(ruleAside, l.toPort(), l.found(setAside)),
				l.end(ruleAside, l.toPort(), l.found(setAsideAny)))
		}
	case chainAsideFrag:
		if len(want.Aside) > 0 {
			rules = append(rules, l.end(ruleAside, l.load(l.dst), l.found(setAsideAddr)))
		}
	case chainEnds:
		if len(want.Ends) > 0 {
			for _, r := range want.EndPorts {
				rules = append(rules, l.endRules(r)...)
			}
		}
	default:
		for i := range want.Matches {
			if m := &want.Matches[i]; m.fits(l) {
				rules = append(rules, l.matchRules(chain, m)...)
			}
		}
	}
	return rules
}

// matchRules are the rules for one match, in the chain for fragments or in that
// for all else: there it has two for each range of ports.
func (l *layout) matchRules(chain string, m *Match) []rule {
	if chain == chainMatchesFrag {
		return []rule{l.end(ruleMatchFrag, l.between(m), l.ofProto(m))}
	}
	list := m.Ports
	if len(list) == 0 {
		list = []PortRange{{0, 0xffff}}
	}
	var rules []rule
	for _, r := range list {
		rules = append(rules,
			l.end(ruleMatch, l.between(m), l.ofProto(m), portIn(r, expr.PayloadBaseTransportHeader, 2)),
			l.end(ruleMatchErr, l.failure(), l.foreign(), l.quotable(), l.answers(m),
				portIn(r, expr.PayloadBaseTransportHeader, quoteAt+l.ports)))
	}
	return rules
}

// endRules are the rules for what comes back to a range of ports at the ends.
func (l *layout) endRules(r PortRange) (rules []rule) {
	const transport = expr.PayloadBaseTransportHeader
	toEnd := append(l.load(l.dst), l.lookup(setEnds))
	for _, set := range [...]string{setReal, setRealAny} {
		rules = append(rules,
			l.end(ruleBack, toEnd, portIn(r, transport, 2), l.fromPort(), l.found(set)),
			l.end(ruleBackErr, toEnd, l.failure(), l.quotable(), portIn(r, transport, quoteAt+l.ports), l.quotes(l.dst, 2), l.found(set)))
	}
	return rules
}

// end is a rule that leads to the ending of that name.
func (l *layout) end(name string, match ...exprs) rule {
	r := rule{}
	for _, m := range match {
		r.exprs = append(r.exprs, m...)
	}
	r.exprs = append(r.exprs, &expr.Verdict{Kind: expr.VerdictGoto, Chain: l.ending(name)})
	return r
}

// between passes on packets that go from and to whom the match names.
func (l *layout) between(m *Match) exprs {
	const ip = expr.PayloadBaseNetworkHeader
	return append(l.within(m.Dst, ip, l.dst), l.within(m.Src, ip, l.src)...)
}

func (l *layout) ofProto(m *Match) exprs {
	return append(exprs{&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: key}}, l.isProto(m)...)
}

// answers passes on errors about packets that go back from and to whom the
// match names.
func (l *layout) answers(m *Match) exprs {
	const icmp = expr.PayloadBaseTransportHeader
	e := append(l.within(m.Dst, icmp, quoteAt+l.src), l.within(m.Src, icmp, quoteAt+l.dst)...)
	e = append(e, read(icmp, quoteAt+l.proto, 1, key))
	return append(e, l.isProto(m)...)
}

// isProto compares the protocol that was read.
func (l *layout) isProto(m *Match) exprs {
	if m.Proto == 0 {
		return l.found(setPorted)
	}
	return exprs{equal(key, m.Proto)}
}

// within passes on what has, at that place, an address of the prefix.
func (l *layout) within(p netip.Prefix, base expr.PayloadBase, offset int) exprs {
	if !p.IsValid() {
		return nil
	}
	mask := make([]byte, l.size)
	for i := range p.Bits() {
		mask[i/8] |= 0x80 >> (i % 8)
	}
	e := exprs{read(base, offset, l.size, key)}
	if !bytes.Equal(mask, bytes.Repeat([]byte{0xff}, l.size)) {
		e = append(e, bitwise(key, mask))
	}
	return append(e, equal(key, l.bytes(p.Masked().Addr())...))
}

// portIn passes on what has, at that place, a port of the range.
func portIn(r PortRange, base expr.PayloadBase, offset int) exprs {
	return exprs{read(base, offset, 2, key), &expr.Range{
		Op: expr.CmpOpEq, Register: key,
		FromData: binary.BigEndian.AppendUint16(nil, r.First), ToData: binary.BigEndian.AppendUint16(nil, r.Last),
	}}
}
