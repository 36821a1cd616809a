// SPDX-License-Identifier: Apache-2.0

package packet

// The ICMP header (RFC 792, RFC 4443 §2.1):
//
//	0 type   1 code   2 checksum   4 depends on the type   8 the packet it is about
//
// ICMPv6's checksum covers a pseudo-header, ICMPv4's does not.
const (
	echoReply4       = 0
	unreachable4     = 3
	sourceQuench4    = 4
	redirect4        = 5
	echoRequest4     = 8
	timeExceeded4    = 11
	parameterBad4    = 12
	unreachable6     = 1
	tooBig6          = 2
	timeExceeded6    = 3
	parameterBad6    = 4
	informational6   = 128 // types below are errors
	echoRequest6     = 128
	echoReply6       = 129
	routerSolicit    = 133
	neighbourSolicit = 135
	neighbourAdvert  = 136
	redirect6        = 137
)

// icmp is the type of an ICMP message of p's own family.
func (p *Packet) icmp() (kind uint8, ok bool) {
	want := uint8(ProtoICMPv6)
	if p.Is4() {
		want = ProtoICMP
	}
	if p.Flow.Proto != want || p.Frag == Later {
		return 0, false
	}
	return p.Buf[p.L4], true
}

// IsError reports whether p is an ICMP error: nobody answers one with another.
func (p *Packet) IsError() bool {
	kind, ok := p.icmp()
	if !ok || !p.Is4() {
		return ok && kind < informational6
	}
	switch kind {
	case unreachable4, sourceQuench4, redirect4, timeExceeded4, parameterBad4:
		return true
	}
	return false
}

// Related reports whether p is one of the ICMP errors that follow the
// connection they are about, as the kernel's IPVS has it: of IPv4 unreachable,
// source quench and time exceeded; of IPv6 all that are defined.
func (p *Packet) Related() bool {
	kind, ok := p.icmp()
	if !ok {
		return false
	}
	if p.Is4() {
		return kind == unreachable4 || kind == sourceQuench4 || kind == timeExceeded4
	}
	return unreachable6 <= kind && kind <= parameterBad6
}

// IsEcho reports whether p is a whole echo request: a ping.
func (p *Packet) IsEcho() bool {
	kind, ok := p.icmp()
	if !ok || p.Frag != Whole {
		return false
	}
	return kind == echoRequest6 && !p.Is4() || kind == echoRequest4 && p.Is4()
}

// ICMPGood reports whether the checksum of an ICMP message is right. An
// unfinished one has not been on any wire and counts as right; that of a
// fragment cannot be told.
func (p *Packet) ICMPGood() bool {
	if _, ok := p.icmp(); !ok || p.Frag != Whole {
		return false
	}
	return p.partial() || Sum(p.Buf[p.L4:p.End], p.pseudoICMP()) == 0xffff
}

// pseudoICMP is what the checksum of an ICMP message covers beside it.
func (p *Packet) pseudoICMP() uint32 {
	if p.Is4() {
		return 0
	}
	return p.pseudo(p.End - p.L4)
}
