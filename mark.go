// SPDX-License-Identifier: Apache-2.0

package ulvs

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// A MarkRule gives packets a firewall mark, as
//
//	iptables -t mangle -A PREROUTING -d DST -p PROTO -m multiport --dports PORTS -j MARK --set-mark MARK/MASK
//
// does: of the mark that a packet has, the bits of Mask are cleared, then those
// of Mark set. Rules are looked at in their order, and all that match apply.
type MarkRule struct {
	Dst   netip.Prefix `json:"dst"`            // whom packets are addressed to; its family is the rule's
	Src   netip.Prefix `json:"src,omitzero"`   // zero: from anybody
	Proto Proto        `json:"proto,omitzero"` // zero: any
	Ports Ports        `json:"ports,omitzero"` // destination ports; none: any
	Mark  uint32       `json:"mark"`
	Mask  uint32       `json:"mask"` // 0xffffffff: the whole mark
}

// MaxPorts is how many ports a rule may have, where a range counts two, as in
// iptables's multiport.
const MaxPorts = 15

// Ports are ranges of ports, those that are used first. A range that is one
// port begins and ends with it; {0, 0} is none.
type Ports [MaxPorts]PortRange

// A PortRange is the ports from First to Last.
type PortRange struct{ First, Last uint16 }

// Has reports whether a port is among them; none have all.
func (p *Ports) Has(port uint16) bool {
	if p[0] == (PortRange{}) {
		return true
	}
	for _, r := range p {
		if r.First <= port && port <= r.Last && r != (PortRange{}) {
			return true
		}
	}
	return false
}

// String is the ports as iptables writes them: "80,443,8000:8010".
func (p Ports) String() string {
	var words []string
	for _, r := range p {
		switch {
		case r == PortRange{}:
		case r.First == r.Last:
			words = append(words, strconv.Itoa(int(r.First)))
		default:
			words = append(words, fmt.Sprintf("%d:%d", r.First, r.Last))
		}
	}
	return strings.Join(words, ",")
}

// ParsePorts reads what String writes; a range may lack its end, as 8000:.
func ParsePorts(text string) (p Ports, err error) {
	words := strings.Split(text, ",")
	if len(words)+strings.Count(text, ":") > MaxPorts {
		return p, fmt.Errorf("at most %d ports, of which a range counts two: make two rules", MaxPorts)
	}
	for i, w := range words {
		first, last, isRange := strings.Cut(w, ":")
		switch {
		case !isRange:
			last = first
		case last == "":
			last = "65535"
		}
		a, err1 := strconv.ParseUint(first, 10, 16)
		b, err2 := strconv.ParseUint(last, 10, 16)
		if err1 != nil || err2 != nil || a == 0 || a > b {
			return p, portsError(text, w)
		}
		p[i] = PortRange{uint16(a), uint16(b)}
	}
	return p, nil
}

// portsError names the part that is wrong, if there are several.
func portsError(text, part string) error {
	const want = "want a port from 1 to 65535, or a range FIRST:LAST of them"
	if text == part {
		return errors.New(want)
	}
	return fmt.Errorf("%q: %s", part, want)
}

// MarshalText is String.
func (p Ports) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText is the inverse of MarshalText.
func (p *Ports) UnmarshalText(text []byte) (err error) {
	if *p = (Ports{}); len(text) == 0 {
		return nil
	}
	if *p, err = ParsePorts(string(text)); err != nil {
		return fmt.Errorf("ports %q: %w", text, err)
	}
	return nil
}
