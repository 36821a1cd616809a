// SPDX-License-Identifier: Apache-2.0

package host

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// A savedRule is one line of iptables-save, as far as it speaks of the
// destination.
type savedRule struct {
	line   string
	target string
	dst    netip.Prefix // zero: any
	proto  uint8        // zero: any
	ports  [][2]uint16  // none: any
	not    struct{ dst, proto, ports bool }
	marks  []marking // that it sets
}

// readSaved reads the tables of a saved rule set.
func readSaved(saved string) map[string]chains {
	tables := make(map[string]chains)
	var table chains
	for line := range strings.Lines(saved) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "*"):
			table = make(chains)
			tables[line[1:]] = table
		case strings.HasPrefix(line, "-A ") && table != nil:
			words := splitSaved(line)
			table[words[1]] = append(table[words[1]], readRule(line, words[2:]))
		}
	}
	return tables
}

// splitSaved splits at spaces outside quotes, and gives two words at least.
func splitSaved(line string) []string {
	var words []string
	quoted, begin := false, 0
	for i, r := range line + " " {
		switch {
		case r == '"' && (i == 0 || line[i-1] != '\\'):
			quoted = !quoted
		case r == ' ' && !quoted:
			if i > begin {
				words = append(words, line[begin:i])
			}
			begin = i + 1
		}
	}
	for len(words) < 2 {
		words = append(words, "")
	}
	return words
}

var protoNumbers = map[string]uint8{"icmp": 1, "tcp": 6, "udp": 17, "ipv6-icmp": 58, "sctp": 132}

// readRule reads the options that speak of the destination; "!" turns the next
// one about.
func readRule(line string, words []string) savedRule {
	r := savedRule{line: line}
	not := false
	for i := 0; i+1 < len(words); i++ {
		value := words[i+1]
		switch words[i] {
		case "!":
			not = true
			continue
		case "-d":
			r.dst, r.not.dst = prefixOf(value), not
		case "-p":
			r.proto, r.not.proto = protoOf(value), not
		case "--dport", "--dports":
			r.ports, r.not.ports = portsOf(value), not
		case "-j", "-g":
			r.target = value
		case "--set-xmark":
			r.marks = append(r.marks, savedMark(value))
		}
		not = false
	}
	switch {
	case r.target == "CONNMARK" && slices.Contains(words, "--restore-mark"):
		r.marks = []marking{{}}
	case r.target != "MARK":
		r.marks = nil
	}
	return r
}

func prefixOf(s string) netip.Prefix {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen())
	}
	p, _ := netip.ParsePrefix(s) // a mask that is no prefix counts as any
	return p
}

func protoOf(s string) uint8 {
	if n, ok := protoNumbers[s]; ok {
		return n
	}
	n, _ := strconv.ParseUint(s, 10, 8)
	return uint8(n)
}

// portsOf reads 80, 80:90 and lists of them.
func portsOf(s string) (ranges [][2]uint16) {
	for part := range strings.SplitSeq(s, ",") {
		from, to, isRange := strings.Cut(part, ":")
		if !isRange {
			to = from
		}
		lo, err1 := strconv.ParseUint(from, 10, 16)
		hi, err2 := strconv.ParseUint(to, 10, 16)
		if err1 == nil && err2 == nil {
			ranges = append(ranges, [2]uint16{uint16(lo), uint16(hi)})
		}
	}
	return ranges
}

// meets reports whether a packet to t may meet the rule, and whether the rule
// is aimed at t: at its address, or its port. An unspecified address is any.
func (r *savedRule) meets(t Tuple) (may, aimed bool) {
	if r.dst.IsValid() && !t.Addr.Addr().IsUnspecified() {
		if r.dst.Contains(t.Addr.Addr().Unmap()) == r.not.dst {
			return false, false
		}
		aimed = !r.not.dst
	}
	if r.proto != 0 && t.Proto != 0 && (r.proto == t.Proto) == r.not.proto {
		return false, false
	}
	if port := t.Addr.Port(); len(r.ports) > 0 && port != 0 {
		if r.hasPort(port) == r.not.ports {
			return false, false
		}
		aimed = aimed || !r.not.ports
	}
	return true, aimed
}

func (r *savedRule) hasPort(port uint16) bool {
	for _, p := range r.ports {
		if p[0] <= port && port <= p[1] {
			return true
		}
	}
	return false
}
