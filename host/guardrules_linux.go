// SPDX-License-Identifier: Apache-2.0

package host

import (
	"encoding/binary"

	"github.com/google/nftables"
	"github.com/google/nftables/expr"
	"github.com/google/nftables/userdata"
	"golang.org/x/sys/unix"
)

// key is the register in which an address, and behind it protocol and port,
// are gathered before a set is asked.
const key = unix.NFT_REG32_00

// rules are the guard's for one IP version, in the order that GuardSet
// documents. Later fragments never come to those that read ports: some kernels
// (6.18 was seen to) read the middle of a datagram for its ports.
func (l *layout) rules() []rule {
	return []rule{
		{exprs: append(l.later(), &expr.Verdict{Kind: expr.VerdictGoto, Chain: l.fragChain()})},
		l.jump(chainAside),
		l.drop(ruleHeld, l.load(l.dst), l.found(setHeld)),
		l.drop(ruleVirtual, l.toPort(), l.found(setVirtual)),
		l.drop(ruleVirtual, l.toPort(), l.found(setVirtualAny)),
		l.drop(ruleVirtualErr, l.foreign(), l.failure(), l.quotes(l.src, 0), l.found(setVirtual)),
		l.drop(ruleVirtualErr, l.foreign(), l.failure(), l.quotes(l.src, 0), l.found(setVirtualAny)),
		l.jump(chainMatches),
		l.jump(chainEnds),
		l.accept(ruleLocal, l.load(l.dst), l.found(setLocal)),
		l.drop(ruleReal, l.fromPort(), l.found(setReal)),
		l.drop(ruleReal, l.fromPort(), l.found(setRealAny)),
		l.drop(ruleRealErr, l.failure(), l.quotes(l.dst, 2), l.found(setReal)),
		l.drop(ruleRealErr, l.failure(), l.quotes(l.dst, 2), l.found(setRealAny)),
	}
}

// fragRules are those for later fragments; what meets none is the host's.
func (l *layout) fragRules() []rule {
	return []rule{
		l.jump(chainAsideFrag),
		l.drop(ruleHeld, l.load(l.dst), l.found(setHeld)),
		l.drop(ruleVirtualFrag, l.load(l.dst), l.found(setRoaming)),
		l.accept(ruleLocal, l.load(l.dst), l.found(setLocal)),
		l.jump(chainMatchesFrag),
		l.drop(ruleRealFrag, l.load(l.src), l.found(setRealAddr)),
	}
}

func (l *layout) chain() string     { return "ip" + l.suffix }
func (l *layout) fragChain() string { return "fragments" + l.suffix }

// A rule is a name to count under, if any, and what the kernel evaluates.
type rule struct {
	name  string
	exprs []expr.Any
}

type exprs = []expr.Any

func (l *layout) drop(name string, match ...exprs) rule {
	return verdict(name, expr.VerdictDrop, match)
}

func (l *layout) accept(name string, match ...exprs) rule {
	return verdict(name, expr.VerdictAccept, match)
}

func verdict(name string, v expr.VerdictKind, match []exprs) rule {
	r := rule{name: name}
	for _, m := range match {
		r.exprs = append(r.exprs, m...)
	}
	r.exprs = append(r.exprs, &expr.Counter{}, &expr.Verdict{Kind: v})
	return r
}

func (r rule) comment() []byte {
	if r.name == "" {
		return nil
	}
	return userdata.AppendString(nil, userdata.TypeComment, r.name)
}

// load gathers an address of the IP header.
func (l *layout) load(offset int) exprs {
	return exprs{read(expr.PayloadBaseNetworkHeader, offset, l.size, key)}
}

// protoKey and portKey are where protocol and port are gathered, behind the
// address.
func (l *layout) protoKey() uint32 { return key + uint32(l.size/4) }
func (l *layout) portKey() uint32  { return l.protoKey() + 1 }

// toPort gathers the packet's destination.
func (l *layout) toPort() exprs { return l.gather(l.dst, 2) }

// fromPort gathers the packet's source.
func (l *layout) fromPort() exprs { return l.gather(l.src, 0) }

func (l *layout) gather(addr, port int) exprs {
	return append(l.load(addr),
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: l.protoKey()},
		read(expr.PayloadBaseTransportHeader, port, 2, l.portKey()))
}

// quotes gathers an end of the packet that an ICMP error quotes: that whose
// address and port lie at these offsets.
func (l *layout) quotes(addr, port int) exprs {
	const icmp = expr.PayloadBaseTransportHeader
	return append(l.quotable(),
		read(icmp, quoteAt+addr, l.size, key),
		read(icmp, quoteAt+l.proto, 1, l.protoKey()),
		read(icmp, quoteAt+l.ports+port, 2, l.portKey()))
}

// quotable passes on ICMP errors that quote a packet whose ports lie where we
// look for them.
func (l *layout) quotable() exprs {
	const icmp = expr.PayloadBaseTransportHeader
	if !l.options {
		return nil
	}
	return exprs{
		read(icmp, quoteAt, 1, key), equal(key, 0x45),
		read(icmp, quoteAt+fragAt, 2, key), masked(key, fragMask), equal(key, 0, 0),
	}
}

// failure passes ICMP errors on.
func (l *layout) failure() exprs {
	return exprs{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: key}, equal(key, l.icmp),
		read(expr.PayloadBaseTransportHeader, 0, 1, key), l.lookup(setErrors),
	}
}

// foreign passes on what is not addressed to the host.
func (l *layout) foreign() exprs {
	e := l.lookup(setLocal)
	e.Invert = true
	return append(l.load(l.dst), e)
}

// later passes on fragments that are not the first.
func (l *layout) later() exprs {
	if !l.options {
		return exprs{
			&expr.Exthdr{DestRegister: key, Type: l.fragExthd, Offset: 2, Len: 2, Op: expr.ExthdrOpIpv6},
			masked(key, 0xfff8), unequal(key, 0, 0),
		}
	}
	return exprs{read(expr.PayloadBaseNetworkHeader, fragAt, 2, key), masked(key, fragMask), unequal(key, 0, 0)}
}

func (l *layout) found(set string) exprs { return exprs{l.lookup(set)} }

func (l *layout) lookup(set string) *expr.Lookup {
	return &expr.Lookup{SourceRegister: key, SetName: set + l.suffix}
}

func read(base expr.PayloadBase, offset, size int, register uint32) expr.Any {
	return &expr.Payload{Base: base, Offset: uint32(offset), Len: uint32(size), DestRegister: register}
}

func equal(register uint32, b ...byte) expr.Any {
	return &expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: b}
}

func unequal(register uint32, b ...byte) expr.Any {
	return &expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: b}
}

func masked(register uint32, mask uint16) expr.Any {
	return bitwise(register, binary.BigEndian.AppendUint16(nil, mask))
}

func bitwise(register uint32, mask []byte) expr.Any {
	return &expr.Bitwise{SourceRegister: register, DestRegister: register, Len: uint32(len(mask)),
		Mask: mask, Xor: make([]byte, len(mask))}
}

// entry sends packets of this IP version that are addressed to us on the link
// level to the version's rules.
func (l *layout) entry() exprs {
	return exprs{
		&expr.Meta{Key: expr.MetaKeyPKTTYPE, Register: key}, equal(key, unix.PACKET_HOST),
		// Not meta protocol: a tagged frame of another interface shows what is behind its tag there.
		read(expr.PayloadBaseLLHeader, 12, 2, key), equal(key, byte(l.ether>>8), byte(l.ether)),
		&expr.Verdict{Kind: expr.VerdictJump, Chain: l.chain()},
	}
}

// keyType is what a set of this IP version holds.
func (l *layout) keyType(parts ...nftables.SetDatatype) nftables.SetDatatype {
	addr := nftables.TypeIPAddr
	if l.size == 16 {
		addr = nftables.TypeIP6Addr
	}
	return nftables.MustConcatSetType(append([]nftables.SetDatatype{addr}, parts...)...)
}
