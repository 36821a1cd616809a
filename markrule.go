// SPDX-License-Identifier: Apache-2.0

package ulvs

import (
	"fmt"
	"math"
	"net/netip"
	"strings"
)

// Words are the rule in the words that ParseMark reads, and that iptables
// takes behind -A PREROUTING.
func (r MarkRule) Words() []string {
	var words []string
	add := func(w ...string) { words = append(words, w...) }
	if r.Dst != (netip.PrefixFrom(netip.IPv4Unspecified(), 0)) || r.Src.Addr().Is6() {
		add("-d", networkText(r.Dst))
	}
	if r.Src.IsValid() {
		add("-s", networkText(r.Src))
	}
	if r.Proto != 0 {
		add("-p", strings.ToLower(r.Proto.String()))
	}
	switch ports := r.Ports.String(); {
	case strings.Contains(ports, ","):
		add("-m", "multiport", "--dports", ports)
	case ports != "":
		add("--dport", ports)
	}
	mark := fmt.Sprint(r.Mark)
	if r.Mask != math.MaxUint32 {
		mark += fmt.Sprintf("/%#x", r.Mask)
	}
	add("-j", "MARK", "--set-mark", mark)
	return words
}

// String is the words in one line.
func (r MarkRule) String() string { return strings.Join(r.Words(), " ") }

// Check says what makes a rule no rule, for those that did not come from
// ParseMark. The error is not one of a director's.
func (r MarkRule) Check() error {
	switch {
	case !network(r.Dst):
		return fmt.Errorf("to whom? want a destination as ADDRESS/BITS, without bits behind the prefix")
	case r.Src.IsValid() && !network(r.Src):
		return fmt.Errorf("source %v: want ADDRESS/BITS, without bits behind the prefix", r.Src)
	case r.Src.IsValid() && r.Src.Addr().Is4() != r.Dst.Addr().Is4():
		return fmt.Errorf("from %v to %v: both must be IPv4, or both IPv6", r.Src, r.Dst)
	case r.Ports != Ports{} && r.Proto == 0:
		return fmt.Errorf("ports %v: of which protocol? -p tcp, udp or sctp is missing", r.Ports)
	case r.Mark&^r.Mask != 0:
		return fmt.Errorf("mark %#x: its bits must be among those of the mask %#x", r.Mark, r.Mask)
	}
	return nil
}

// network reports whether p is one, and written as one.
func network(p netip.Prefix) bool {
	return p.IsValid() && p == p.Masked() && !p.Addr().Is4In6()
}

// networkText is a prefix, or the address that it is all of.
func networkText(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}
