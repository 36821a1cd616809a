// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"strings"
)

// Ineffective lists the host's filter and address translation rules that were
// made for a virtual service and that its packets no longer meet: our packet
// sockets take them before INPUT and PREROUTING. One readable line a rule.
//
// It looks at rules hooked there, and at chains they jump to, which match a
// tuple's address, or its port while naming no other destination. nftables and
// iptables-nft are read by netlink, iptables-legacy through iptables-legacy-save
// if it is installed. Rules that only set a mark are left out: see Marking.
func Ineffective(virtual []Tuple) ([]string, error) {
	if len(virtual) == 0 {
		return nil, nil
	}
	lines, err := nftIneffective(virtual)
	if err != nil {
		return nil, fmt.Errorf("list nftables rules that virtual services do not meet: %w", err)
	}
	more, err := legacyIneffective(virtual)
	if err != nil {
		return lines, fmt.Errorf("list iptables-legacy rules that virtual services do not meet: %w", err)
	}
	return append(lines, more...), nil
}

// findings are rules by where they stand, in the order found, and the tuples
// that each is about.
type findings struct {
	order  []string
	tuples map[string][]Tuple
}

func (f *findings) add(where string, t Tuple) {
	if f.tuples == nil {
		f.tuples = make(map[string][]Tuple)
	}
	if f.tuples[where] == nil {
		f.order = append(f.order, where)
	}
	f.tuples[where] = append(f.tuples[where], t)
}

// lines are the findings in words.
func (f *findings) lines() []string {
	var out []string
	for _, where := range f.order {
		list := f.tuples[where]
		line := where + ": matches " + list[0].String()
		if n := len(list) - 1; n > 0 {
			line += fmt.Sprintf(" and %d more", n)
		}
		out = append(out, line)
	}
	return out
}

var protoNames = map[uint8]string{6: "tcp", 17: "udp", 132: "sctp"}

// String is t in words: tcp 192.0.2.1:80, udp 192.0.2.1 all ports.
func (t Tuple) String() string {
	proto := protoNames[t.Proto]
	if proto == "" {
		proto = fmt.Sprintf("protocol %d", t.Proto)
	}
	if t.Addr.Port() == 0 {
		return strings.Join([]string{proto, t.Addr.Addr().String(), "all ports"}, " ")
	}
	return proto + " " + t.Addr.String()
}
