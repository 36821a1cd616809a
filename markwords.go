// SPDX-License-Identifier: Apache-2.0

package ulvs

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// ParseMark reads a rule for marks in iptables's words: those that stand behind
// `iptables -t mangle -A PREROUTING`, and behind `ulvs mark add`.
//
//	-d VIP[/BITS] [-s CLIENTS[/BITS]] [-p tcp|udp|sctp] [--dport PORT | -m multiport --dports PORT,…] -j MARK --set-mark MARK[/MASK]
//
// The words may stand in any order, and -m and -j may be left out. A word that
// cannot be honoured is an error, never skipped.
func ParseMark(args []string) (MarkRule, error) {
	p := markParser{args: args, rule: MarkRule{Mask: math.MaxUint32}}
	for len(p.args) > 0 {
		if err := p.word(); err != nil {
			return MarkRule{}, err
		}
	}
	return p.done()
}

// A markParser holds what it has read so far.
type markParser struct {
	args   []string
	rule   MarkRule
	seen   map[string]bool
	family int    // 4 or 6, of -4 and -6; 0: not said
	module string // the protocol of a -m tcp, -m udp, -m sctp
}

// A markWord is an option with its value; options of one name exclude each other.
type markWord struct {
	name string
	take func(p *markParser, value string) error
}

// markWords are the options by all their spellings.
var markWords = map[string]markWord{
	"-d": takeDst, "--dst": takeDst, "--destination": takeDst,
	"-s": takeSrc, "--src": takeSrc, "--source": takeSrc,
	"-p": takeProto, "--proto": takeProto, "--protocol": takeProto,
	"-m": takeMatch, "--match": takeMatch,
	"-j": takeJump, "--jump": takeJump,
	"--dport": takePort, "--destination-port": takePort,
	"--dports": takePorts, "--destination-ports": takePorts,
	"--set-mark":  takeSet,
	"--set-xmark": takeXor,
}

var (
	takeDst   = markWord{"-d", func(p *markParser, v string) (err error) { p.rule.Dst, err = parseNetwork(v); return }}
	takeSrc   = markWord{"-s", func(p *markParser, v string) (err error) { p.rule.Src, err = parseNetwork(v); return }}
	takeProto = markWord{"-p", func(p *markParser, v string) (err error) { p.rule.Proto, err = parseProto(v); return }}
	takeMatch = markWord{"", (*markParser).match}
	takeJump  = markWord{"-j", func(_ *markParser, v string) error { return want(v == "MARK", "only MARK can be jumped to") }}
	takePort  = markWord{"ports", (*markParser).port}
	takePorts = markWord{"ports", func(p *markParser, v string) (err error) { p.rule.Ports, err = ParsePorts(v); return }}
	takeSet   = markWord{"mark", (*markParser).set}
	takeXor   = markWord{"mark", (*markParser).xor}
)

func want(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf(format, args...)
}

// word reads one option, with its value in the same word or the next.
func (p *markParser) word() error {
	name, value, given := splitMarkWord(p.args[0])
	p.args = p.args[1:]
	switch name {
	case "-4", "--ipv4":
		return p.is(4)
	case "-6", "--ipv6":
		return p.is(6)
	}
	o, known := markWords[name]
	if !known {
		return fmt.Errorf("%q is no word for a mark rule: there are -d -s -p -m --dport --dports -j --set-mark --set-xmark", name)
	}
	if !given && len(p.args) == 0 {
		return fmt.Errorf("%s: its value is missing", name)
	}
	if !given {
		value, p.args = p.args[0], p.args[1:]
	}
	if err := p.once(o.name); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if err := o.take(p, value); err != nil {
		return fmt.Errorf("%s %s: %w", name, value, err)
	}
	return nil
}

// splitMarkWord parts --name=value and -dvalue.
func splitMarkWord(word string) (name, value string, given bool) {
	switch {
	case strings.HasPrefix(word, "--"):
		return strings.Cut(word, "=")
	case len(word) > 2 && word[0] == '-':
		return word[:2], word[2:], true
	}
	return word, "", false
}

// once refuses a second option of one name; what has no name may be repeated.
func (p *markParser) once(name string) error {
	if p.seen[name] {
		return fmt.Errorf("stands twice, or with another that says the same: give one")
	}
	if p.seen == nil {
		p.seen = map[string]bool{}
	}
	p.seen[name] = name != ""
	return nil
}

func (p *markParser) is(family int) error {
	if p.family != 0 && p.family != family {
		return fmt.Errorf("-4 and -6 exclude each other")
	}
	p.family = family
	return nil
}

// match takes the modules that only announce words which are known anyway.
func (p *markParser) match(module string) error {
	switch module {
	case "multiport":
		return nil
	case "tcp", "udp", "sctp":
		p.module = module
		return nil
	}
	return fmt.Errorf("only tcp, udp, sctp and multiport are known")
}

func (p *markParser) port(text string) (err error) {
	if strings.Contains(text, ",") {
		return fmt.Errorf("several ports are --dports")
	}
	p.rule.Ports, err = ParsePorts(text)
	return err
}

// set reads --set-mark: the bits of the mark are set, whatever the mask is.
func (p *markParser) set(text string) (err error) {
	p.rule.Mark, p.rule.Mask, err = parseMasked(text)
	p.rule.Mask |= p.rule.Mark
	return err
}

// xor reads --set-xmark, which flips the bits that its mask does not clear.
func (p *markParser) xor(text string) (err error) {
	p.rule.Mark, p.rule.Mask, err = parseMasked(text)
	if err == nil && p.rule.Mark&^p.rule.Mask != 0 {
		err = fmt.Errorf("bits outside of the mask would be flipped, which ulvs does not do: set them with --set-mark")
	}
	return err
}

// done judges the rule as a whole.
func (p *markParser) done() (MarkRule, error) {
	r := p.rule
	if !p.seen["mark"] {
		return MarkRule{}, fmt.Errorf("which mark? --set-mark MARK is missing")
	}
	if p.module != "" && p.module != strings.ToLower(r.Proto.String()) {
		return MarkRule{}, fmt.Errorf("-m %s goes with -p %s only", p.module, p.module)
	}
	if !r.Dst.IsValid() {
		r.Dst = p.everybody()
	}
	if family := p.family; family != 0 && (family == 4) != r.Dst.Addr().Is4() {
		return MarkRule{}, fmt.Errorf("-%d: %v is of the other family", family, r.Dst)
	}
	return r, r.Check()
}

// everybody is all destinations, of the family that the other words tell.
func (p *markParser) everybody() netip.Prefix {
	if p.family == 6 || p.rule.Src.Addr().Is6() {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}

// parseMasked reads MARK or MARK/MASK, decimal or 0x.
func parseMasked(text string) (mark, mask uint32, err error) {
	m, rest, masked := strings.Cut(text, "/")
	if !masked {
		rest = "0xffffffff"
	}
	a, err1 := strconv.ParseUint(m, 0, 32)
	b, err2 := strconv.ParseUint(rest, 0, 32)
	if err1 != nil || err2 != nil {
		return 0, 0, fmt.Errorf("want MARK or MARK/MASK, each from 0 to 4294967295 or 0xffffffff")
	}
	return uint32(a), uint32(b), nil
}

// parseProto reads a protocol by name or number; "all" is none.
func parseProto(text string) (p Proto, err error) {
	switch strings.ToLower(text) {
	case "all", "0":
		return 0, nil
	case "6":
		return TCP, nil
	case "17":
		return UDP, nil
	case "132":
		return SCTP, nil
	case "":
		return 0, fmt.Errorf("want tcp, udp, sctp or all")
	}
	if p.UnmarshalText([]byte(strings.ToLower(text))) != nil {
		return 0, fmt.Errorf("want tcp, udp, sctp or all")
	}
	return p, nil
}

// parseNetwork reads ADDRESS, ADDRESS/BITS or ADDRESS/MASK; the bits behind
// the prefix do not count, as in iptables.
func parseNetwork(text string) (netip.Prefix, error) {
	bad := fmt.Errorf("want an address, ADDRESS/BITS or ADDRESS/MASK, and one of them a rule")
	host, bits, prefixed := strings.Cut(text, "/")
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		return netip.Prefix{}, bad
	}
	n := a.BitLen()
	if prefixed {
		if n, err = parseBits(bits, a); err != nil {
			return netip.Prefix{}, bad
		}
	}
	p, err := a.Prefix(n)
	if err != nil {
		return p, bad
	}
	return p, nil
}

// parseBits reads how many bits of an address a prefix has: 24, 255.255.255.0.
func parseBits(text string, of netip.Addr) (int, error) {
	mask, err := netip.ParseAddr(text)
	if err != nil {
		return strconv.Atoi(text)
	}
	if mask.Is4() != of.Is4() {
		return 0, fmt.Errorf("mask %v is of the other family", mask)
	}
	bits := 0
	for bits < mask.BitLen() && mask.AsSlice()[bits/8]<<(bits%8)&0x80 != 0 {
		bits++
	}
	if first, err := ones(mask).Prefix(bits); err != nil || first.Addr() != mask {
		return 0, fmt.Errorf("mask %v has holes", mask)
	}
	return bits, nil
}

// ones is the address of a's family that has all bits.
func ones(a netip.Addr) netip.Addr {
	b := a.AsSlice()
	for i := range b {
		b[i] = 0xff
	}
	all, _ := netip.AddrFromSlice(b)
	return all
}
