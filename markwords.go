// SPDX-License-Identifier: Apache-2.0

package ulvs

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
)

// ParseMark reads a rule for marks in iptables's words, those that stand behind
// `iptables -t mangle -A PREROUTING`:
//
//	-d VIP[/BITS] [-s CLIENTS[/BITS]] [-p tcp|udp|sctp] [--dport PORT | -m multiport --dports PORT,…] -j MARK --set-mark MARK[/MASK]
//
// The words may stand in any order, and -m and -j may be left out. A word that
// cannot be honoured is an error, never skipped.
func (s Services) ParseMark(args []string) (MarkRule, error) {
	p := markParser{args: args, services: s, rule: MarkRule{Mask: math.MaxUint32}}
	for len(p.args) > 0 {
		if err := p.word(); err != nil {
			return MarkRule{}, err
		}
	}
	return p.done()
}

// ParseMark is that of Services that know no names.
func ParseMark(args []string) (MarkRule, error) { return Services(nil).ParseMark(args) }

// A markParser holds what it has read so far.
type markParser struct {
	args     []string
	services Services
	rule     MarkRule
	seen     map[string]bool
	family   int    // 4 or 6, of -4 and -6; 0: not said
	module   string // the protocol of a -m tcp, -m udp, -m sctp
	ports    string // as typed: their names are of a protocol, which may come later
	portsAre string // the option that they were the value of
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
	takeJump  = markWord{"-j", (*markParser).jump}
	takePort  = markWord{"ports", (*markParser).port}
	takePorts = markWord{"ports", func(p *markParser, v string) error { p.ports, p.portsAre = v, "--dports"; return nil }}
	takeSet   = markWord{"mark", (*markParser).set}
	takeXor   = markWord{"mark", (*markParser).xor}
)

// word reads one option, with its value in the same word or the next.
func (p *markParser) word() error {
	name, value, given := SplitOption(p.args[0])
	p.args = p.args[1:]
	switch name {
	case "-4", "--ipv4":
		return p.is(4)
	case "-6", "--ipv6":
		return p.is(6)
	}
	o, known := markWords[name]
	if !known {
		return fmt.Errorf("%q is no word for a mark rule: there are -d -s -4 -6 -p -m --dport --dports -j --set-mark --set-xmark", name)
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

// SplitOption parts --name=value and -nVALUE, as getopt(3) does.
func SplitOption(word string) (name, value string, given bool) {
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

// jump takes the only target there is.
func (*markParser) jump(target string) error {
	if target != "MARK" {
		return fmt.Errorf("only MARK can be jumped to")
	}
	return nil
}

func (p *markParser) port(text string) error {
	if strings.Contains(text, ",") {
		return fmt.Errorf("several ports are --dports")
	}
	p.ports, p.portsAre = text, "--dport"
	return nil
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
	if err := p.findPorts(&r); err != nil {
		return MarkRule{}, err
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

// findPorts reads the ports, now that their protocol is known.
func (p *markParser) findPorts(r *MarkRule) (err error) {
	if p.portsAre == "" {
		return nil
	}
	if r.Proto == 0 {
		return fmt.Errorf("%s %s: of which protocol? -p tcp, udp or sctp is missing", p.portsAre, p.ports)
	}
	if r.Ports, err = ParsePorts(p.services.numbers(p.ports, r.Proto)); err != nil {
		return fmt.Errorf("%s %s: %w", p.portsAre, p.ports, err)
	}
	return nil
}

// everybody is all destinations, of the family that the other words tell.
func (p *markParser) everybody() netip.Prefix {
	if p.family == 6 || p.rule.Src.Addr().Is6() {
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
}
