// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"math"
	"net/netip"
	"strconv"
	"strings"

	"github.com/ulvs/ulvs"
)

// maxInt is the largest weight and threshold: the kernel holds a C int.
const maxInt = math.MaxInt32

// defaultPersist is the timeout of a -p without one, in seconds; the manual of
// the original says 300, but this is what it sends.
const defaultPersist = 360

// blanks are what C takes for white space.
const blanks = " \t\n\v\f\r"

// maxScheduler is how many bytes of a scheduler's name count.
const maxScheduler = 15

// integer reads a whole word as C's strtol does in base 10.
func integer(text string, low, high int64) (int64, bool) {
	n, err := strconv.ParseInt(strings.TrimLeft(text, blanks), 10, 64)
	return n, err == nil && low <= n && n <= high
}

// number makes the reader of an option that only has to be in range.
func number(low, high int64, complaint string) func(*parser, value) error {
	return func(_ *parser, v value) error {
		if _, ok := integer(v.text, low, high); !ok {
			return usage("%s", complaint)
		}
		return nil
	}
}

// mode makes the reader of an option that chooses a forwarding mode.
func mode(name string) func(*parser, value) error {
	return func(p *parser, _ value) error { p.mode = name; return nil }
}

func readTCP(p *parser, v value) error  { return p.readService(ulvs.TCP, v.text) }
func readUDP(p *parser, v value) error  { return p.readService(ulvs.UDP, v.text) }
func readSCTP(p *parser, v value) error { return p.readService(ulvs.SCTP, v.text) }

func (p *parser) readService(proto ulvs.Proto, text string) error {
	p.id.Proto = proto
	a, ok := p.names.address(text, proto)
	if !ok {
		return usage("illegal virtual server address[:port] specified")
	}
	p.id.Addr = netip.AddrPortFrom(a.host, a.port)
	if a.host.Is6() {
		p.mask = netip.Addr{} // a mask that came before was one of IPv4
	}
	return nil
}

// readServer gives a real server without a port the service's, as far as that
// is known by now.
func readServer(p *parser, v value) error {
	a, ok := p.names.address(v.text, p.id.Proto)
	if !ok {
		return usage("illegal real server address[:port] specified")
	}
	if !a.ported {
		a.port = p.id.Addr.Port()
	}
	p.server = netip.AddrPortFrom(a.host, a.port)
	return nil
}

func readMark(p *parser, v value) error {
	n, ok := integer(v.text, 1, math.MaxUint32)
	if !ok {
		return usage("invalid fwmark value `%s' specified", v.text)
	}
	p.mark, p.id.Proto = uint32(n), ulvs.TCP
	return nil
}

func readIPv6(p *parser, _ value) error {
	if p.mark == 0 {
		return usage("-6 used before -f\n")
	}
	p.mark6, p.mask = true, netip.Addr{}
	return nil
}

func readScheduler(p *parser, v value) error {
	p.scheduler = v.text[:min(len(v.text), maxScheduler)]
	return nil
}

func readPersistent(p *parser, v value) error {
	if !v.given {
		return nil
	}
	n, ok := integer(v.text, 1, maxTimeout)
	if !ok {
		return usage("invalid timeout value `%s' specified", v.text)
	}
	p.persist = int(n)
	return nil
}

// readNetmask reads a prefix length if the service is known to be IPv6, and a
// dotted mask otherwise.
func readNetmask(p *parser, v value) error {
	if p.is6() {
		n := atoi(v.text)
		if n < 1 || n > 128 {
			return usage("illegal ipv6 netmask specified")
		}
		p.mask = mask6(n)
		return nil
	}
	mask, ok := p.names.host4(v.text)
	if !ok {
		return usage("illegal virtual server persistent mask specified")
	}
	if p.mask = mask; mask == all4 {
		p.mask = netip.Addr{}
	}
	return nil
}

// atoi reads the number that the text begins with, as C's atoi does; what is
// negative or no number is 0, and what is large is some large number.
func atoi(text string) (n int) {
	text = strings.TrimPrefix(strings.TrimLeft(text, blanks), "+")
	for i := 0; i < len(text) && '0' <= text[i] && text[i] <= '9'; i++ {
		n = min(10*n+int(text[i]-'0'), maxInt)
	}
	return n
}

func readWeight(p *parser, v value) error {
	n, ok := integer(v.text, 0, maxInt)
	if !ok {
		return usage("illegal weight specified")
	}
	p.weight = int(n)
	return nil
}

func readUpper(p *parser, v value) error { return threshold(&p.upper, v, "u_threshold") }
func readLower(p *parser, v value) error { return threshold(&p.lower, v, "l_threshold") }

func threshold(into *int, v value, name string) error {
	n, ok := integer(v.text, 0, maxInt)
	if !ok {
		return usage("illegal %s specified", name)
	}
	*into = int(n)
	return nil
}

// maxEngine is how many bytes of a persistence engine's name count.
const maxEngine = 16

func readEngine(p *parser, v value) error {
	p.engine = v.text[:min(len(v.text), maxEngine)]
	return nil
}

func readLocals(p *parser, v value) error {
	l, err := ulvs.ParseLocals(v.text)
	if err != nil || l == "" {
		return usage("illegal local-address `%s' specified: want ADDRESS or FIRST-LAST, with commas, at most %d", v.text, ulvs.MaxLocals)
	}
	p.locals = l
	return nil
}

func readFlags(p *parser, v value) error { p.flags = v.text; return nil }

func readTunnel(p *parser, v value) error {
	if _, ok := tunnelRules[v.text]; !ok {
		return usage("illegal tunnel type specified")
	}
	p.tunnel = v.text
	return nil
}

func readStartDaemon(_ *parser, v value) error {
	if v.text != "master" && v.text != "backup" {
		return usage("illegal start-daemon parameter specified")
	}
	return nil
}

func readStopDaemon(_ *parser, v value) error {
	if v.text != "master" && v.text != "backup" {
		return usage("illegal start_daemon specified")
	}
	return nil
}

func readGroup(_ *parser, v value) error {
	kind := "IPv4"
	if strings.Contains(v.text, ":") {
		kind = "IPv6"
	}
	a, err := netip.ParseAddr(v.text)
	if err != nil || !a.IsMulticast() || a.Zone() != "" {
		return usage("invalid %s mcast-group `%s'", kind, v.text)
	}
	return nil
}
