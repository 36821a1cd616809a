// SPDX-License-Identifier: Apache-2.0

package host

import (
	"net/netip"
	"slices"
)

// A cast is who appears in a guard case, in one IP version.
type cast struct {
	client, router      netip.Addr
	vip, shared, anyVIP netip.Addr // on no interface; an address of the host; of a service for all ports
	held, local, end    netip.Addr // end: an address of the host's that our connections come from
	rip, anyRIP, allRIP netip.Addr // allRIP: of every protocol and port
	web, marked         netip.Addr // somebody in the web; of a match from one client alone
	aside, asideHeld    netip.Addr // which a rule of the host's may mark: a service's port; all of UDP to a held one
	icmp                uint8
	unreachable, echo   byte
	ports               int // where a packet's ports lie, without options
}

var casts = [2]cast{
	{
		client: netip.MustParseAddr("198.51.100.7"), router: netip.MustParseAddr("198.51.100.1"),
		vip: netip.MustParseAddr("192.0.2.100"), shared: netip.MustParseAddr("192.0.2.1"),
		anyVIP: netip.MustParseAddr("192.0.2.101"), held: netip.MustParseAddr("192.0.2.150"),
		local: netip.MustParseAddr("10.0.0.1"), end: netip.MustParseAddr("10.0.0.2"),
		rip: netip.MustParseAddr("10.0.0.10"), anyRIP: netip.MustParseAddr("10.0.0.11"), allRIP: netip.MustParseAddr("10.0.0.12"),
		web: netip.MustParseAddr("203.0.113.77"), marked: netip.MustParseAddr("192.0.2.160"),
		aside: netip.MustParseAddr("192.0.2.170"), asideHeld: netip.MustParseAddr("192.0.2.171"),
		icmp: 1, unreachable: 3, echo: 8, ports: 20,
	},
	{
		client: netip.MustParseAddr("2001:db8:c::7"), router: netip.MustParseAddr("2001:db8:c::1"),
		vip: netip.MustParseAddr("2001:db8::100"), shared: netip.MustParseAddr("2001:db8::1"),
		anyVIP: netip.MustParseAddr("2001:db8::101"), held: netip.MustParseAddr("2001:db8::150"),
		local: netip.MustParseAddr("2001:db8:a::1"), end: netip.MustParseAddr("2001:db8:a::2"),
		rip: netip.MustParseAddr("2001:db8:a::10"), anyRIP: netip.MustParseAddr("2001:db8:a::11"), allRIP: netip.MustParseAddr("2001:db8:a::12"),
		web: netip.MustParseAddr("2001:db8:77::1:77"), marked: netip.MustParseAddr("2001:db8::160"),
		aside: netip.MustParseAddr("2001:db8::170"), asideHeld: netip.MustParseAddr("2001:db8::171"),
		icmp: 58, unreachable: 1, echo: 128, ports: 40,
	},
}

// guardSet is the guard of both casts.
func guardSet() (g GuardSet) {
	for _, c := range casts {
		g.Virtual = append(g.Virtual, Tuple{tcp, at(c.vip, 80)}, Tuple{tcp, at(c.shared, 80)}, Tuple{udp, at(c.anyVIP, 0)},
			Tuple{tcp, at(c.aside, 80)}, Tuple{tcp, at(c.aside, 443)}, Tuple{sctp, at(c.vip, 9)})
		g.Real = append(g.Real, Tuple{tcp, at(c.rip, 8080)}, Tuple{udp, at(c.anyRIP, 0)}, Tuple{0, at(c.allRIP, 0)})
		g.Held = append(g.Held, c.held, c.asideHeld)
		g.Local = append(g.Local, c.local, c.end, c.shared)
		g.Ends = append(g.Ends, c.end)
		g.Aside = append(g.Aside, Tuple{tcp, at(c.aside, 80)}, Tuple{udp, at(c.asideHeld, 0)})
		g.Matches = append(g.Matches,
			Match{Dst: around(c.web), Proto: tcp, Ports: []PortRange{{80, 90}, {443, 443}}},
			Match{Dst: only(c.marked), Src: around(c.client)},
			Match{Dst: only(c.shared), Proto: udp, Ports: []PortRange{{53, 53}}})
	}
	g.EndPorts = []PortRange{{1024, 32767}, {61000, 65535}}
	return g
}

// around is a prefix that ends amid a byte, only one of a single address.
func around(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()-13) }
func only(a netip.Addr) netip.Prefix   { return netip.PrefixFrom(a, a.BitLen()) }

func at(a netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a, port) }

// A guardCase is a packet, and the rule that GuardSet's text says it meets;
// none: "".
type guardCase struct {
	name string
	datagram
	rule string
}

func (k guardCase) taken() bool { return k.rule != "" && k.rule != ruleLocal && k.rule != ruleAside }

// guardCases are the table of the guard, for one IP version.
func guardCases(c cast) []guardCase {
	return slices.Concat(c.toVirtual(), c.laterToVirtual(), c.aboutVirtual(), c.fromReal(), c.aboutReal(),
		c.toEnds(), c.aboutEnds(), c.toMatches(), c.aboutMatches(), c.leftAside(), c.others())
}

func (c cast) toVirtual() []guardCase {
	return []guardCase{
		{"any port of a held address", c.in(c.held, 22, tcp), ruleHeld},
		{"later fragment to a held address", c.in(c.held, 22, udp).fragment(later), ruleHeld},
		{"ping of a held address", c.ping(c.held), ruleHeld},
		{"to the service", c.in(c.vip, 80, tcp), ruleVirtual},
		{"to another port of the VIP", c.in(c.vip, 81, tcp), ""},
		{"to the port with another protocol", c.in(c.vip, 80, udp), ""},
		{"first fragment to the service", c.in(c.vip, 80, tcp).fragment(first), ruleVirtual},
		{"with options to the service", c.in(c.vip, 80, tcp).withOptions(), ruleVirtual},
		{"atomic fragment to the service", c.in(c.vip, 80, tcp).madeAtomic(), ruleVirtual},
		{"ping of the VIP", c.ping(c.vip), ""},
		{"to the service on a shared address", c.in(c.shared, 80, tcp), ruleVirtual},
		{"to the host's port on a shared address", c.in(c.shared, 22, tcp), ruleLocal},
		{"to any port of a service for all", c.in(c.anyVIP, 53, udp), ruleVirtual},
		{"to a service for all, other protocol", c.in(c.anyVIP, 53, tcp), ""},
		{"to an sctp service", c.in(c.vip, 9, sctp), ruleVirtual},
		{"to the sctp port of none", c.in(c.vip, 80, sctp), ""},
		{"first fragment to a service for all", c.in(c.anyVIP, 53, udp).fragment(first), ruleVirtual},
	}
}

func (c cast) laterToVirtual() []guardCase {
	return []guardCase{
		{"later fragment to the VIP", c.in(c.vip, 80, tcp).fragment(later), ruleVirtualFrag},
		{"middle fragment to the VIP", c.in(c.vip, 80, udp).fragment(mid), ruleVirtualFrag},
		{"later fragment with options", c.in(c.vip, 80, tcp).fragment(later).withOptions(), ruleVirtualFrag},
		{"later fragment to a service for all", c.in(c.anyVIP, 53, udp).fragment(later), ruleVirtualFrag},
		{"later fragment to a shared address", c.in(c.shared, 80, tcp).fragment(later), ruleLocal},
	}
}

// aboutVirtual are a router's errors about packets to the client, sent to
// whoever seems to have sent those.
func (c cast) aboutVirtual() []guardCase {
	quote := func(from netip.Addr, port uint16, proto uint8) []byte {
		return c.out(from, port, proto).bytes()
	}
	optionsInside := c.out(c.anyVIP, 53, udp).withOptions().bytes()
	laterInside := c.out(c.anyVIP, 53, udp).fragment(later).bytes()
	whole := quote(c.vip, 80, tcp)
	return []guardCase{
		{"error about the service's packet", c.failure(c.vip, whole), ruleVirtualErr},
		{"error about a service for all's packet", c.failure(c.anyVIP, quote(c.anyVIP, 53, udp)), ruleVirtualErr},
		{"error about another port", c.failure(c.vip, quote(c.vip, 81, tcp)), ""},
		{"error about a shared address's packet", c.failure(c.shared, quote(c.shared, 80, tcp)), ruleLocal},
		{"error about a packet with options", c.failure(c.anyVIP, optionsInside), ""},
		{"error about a later fragment", c.failure(c.anyVIP, laterInside), ""},
		{"error that quotes up to the port", c.failure(c.vip, whole[:c.ports+2]), ruleVirtualErr},
		{"error that quotes less", c.failure(c.vip, whole[:c.ports+1]), ""},
		{"ping that looks like a quote", c.icmpTo(c.vip, c.echo, whole), ""},
	}
}

func (c cast) fromReal() []guardCase {
	toHost := c.out(c.rip, 8080, tcp)
	toHost.dst = at(c.local, 1234)
	return []guardCase{
		{"reply of the real server", c.out(c.rip, 8080, tcp), ruleReal},
		{"reply in a first fragment", c.out(c.rip, 8080, tcp).fragment(first), ruleReal},
		{"reply with options", c.out(c.rip, 8080, tcp).withOptions(), ruleReal},
		{"another port of the real server", c.out(c.rip, 8081, tcp), ""},
		{"reply to the host itself", toHost, ruleLocal},
		{"reply of a server for all ports", c.out(c.anyRIP, 999, udp), ruleReal},
		{"tcp reply of a server for all protocols", c.out(c.allRIP, 999, tcp), ruleReal},
		{"udp reply of a server for all protocols", c.out(c.allRIP, 53, udp), ruleReal},
		{"sctp reply of a server for all protocols", c.out(c.allRIP, 9, sctp), ruleReal},
		{"ping from a server for all protocols", datagram{src: at(c.allRIP, 0), dst: at(c.client, 0), proto: c.icmp, payload: quoting(c.echo, nil)}, ""},
		{"later fragment of a reply", c.out(c.rip, 8080, tcp).fragment(later), ruleRealFrag},
		{"later fragment of a server for all ports", c.out(c.anyRIP, 9, udp).fragment(later), ruleRealFrag},
		{"later fragment of a reply to the host", toHost.fragment(later), ruleLocal},
	}
}

// aboutReal are a router's errors about the client's packets, after their
// rewrite.
func (c cast) aboutReal() []guardCase {
	whole := c.in(c.rip, 8080, tcp).bytes()
	firstInside := c.in(c.rip, 8080, tcp).fragment(first).bytes()
	firstRule := ruleRealErr
	if !c.rip.Is4() {
		firstRule = "" // a fragment header is in the way, as options would be
	}
	return []guardCase{
		{"error about a packet to the real server", c.failure(c.client, whole), ruleRealErr},
		{"error about a packet to a server for all", c.failure(c.client, c.in(c.anyRIP, 7, udp).bytes()), ruleRealErr},
		{"error about a first fragment to it", c.failure(c.client, firstInside), firstRule},
		{"error about the host's own packet to it", c.failure(c.local, whole), ruleLocal},
		{"error that quotes up to its port", c.failure(c.client, whole[:c.ports+4]), ruleRealErr},
		{"error that quotes less of it", c.failure(c.client, whole[:c.ports+3]), ""},
		{"error about another port of it", c.failure(c.client, c.in(c.rip, 8081, tcp).bytes()), ""},
		{"first fragment of an error about it", c.failure(c.client, whole).fragment(first), ruleRealErr},
	}
}

// back is what a real server sends to a port at an end.
func (c cast) back(from netip.Addr, port, to uint16, proto uint8) datagram {
	return datagram{src: at(from, port), dst: at(c.end, to), proto: proto}
}

func (c cast) toEnds() []guardCase {
	return []guardCase{
		{"reply to a port of ours", c.back(c.rip, 8080, 1234, tcp), ruleBack},
		{"reply to the first such port", c.back(c.rip, 8080, 1024, tcp), ruleBack},
		{"reply to the last", c.back(c.rip, 8080, 65535, tcp), ruleBack},
		{"reply to a port that is the host's", c.back(c.rip, 8080, 40000, tcp), ruleLocal},
		{"reply to a port below", c.back(c.rip, 8080, 1023, tcp), ruleLocal},
		{"reply of a server for all ports to a port of ours", c.back(c.anyRIP, 7, 61000, udp), ruleBack},
		{"another port of a real server to a port of ours", c.back(c.rip, 22, 1234, tcp), ruleLocal},
		{"reply in a first fragment to a port of ours", c.back(c.rip, 8080, 1234, tcp).fragment(first), ruleBack},
		{"later fragment to an end", c.back(c.rip, 8080, 1234, tcp).fragment(later), ruleLocal},
		{"ping of an end", c.ping(c.end), ruleLocal},
	}
}

// aboutEnds are errors about what went from an end to a real server.
func (c cast) aboutEnds() []guardCase {
	quote := func(from, port uint16, proto uint8) []byte {
		return datagram{src: at(c.end, from), dst: at(c.rip, port), proto: proto}.bytes()
	}
	fromServer := c.failure(c.end, quote(1234, 8080, tcp))
	fromServer.src = at(c.rip, 0)
	return []guardCase{
		{"error about a packet from a port of ours", c.failure(c.end, quote(1234, 8080, tcp)), ruleBackErr},
		{"error of the server about such a packet", fromServer, ruleBackErr},
		{"error about a packet from a port of the host's", c.failure(c.end, quote(40000, 8080, tcp)), ruleLocal},
		{"error about a packet to another port", c.failure(c.end, quote(1234, 22, tcp)), ruleLocal},
		{"error about a packet with another protocol", c.failure(c.end, quote(1234, 8080, udp)), ruleLocal},
		{"error that quotes less than both ports", c.failure(c.end, quote(1234, 8080, tcp)[:c.ports+3]), ruleLocal},
	}
}

// toMatches are packets that a match describes, and some that it just does not.
func (c cast) toMatches() []guardCase {
	fromRouter := c.in(c.marked, 7, tcp)
	fromRouter.src = at(c.router, 1234) // in the client's prefix
	fromWeb := c.in(c.marked, 7, tcp)
	fromWeb.src = at(c.web, 1234)
	return []guardCase{
		{"to a match's first port", c.in(c.web, 80, tcp), ruleMatch},
		{"to its last", c.in(c.web, 90, tcp), ruleMatch},
		{"to a port behind", c.in(c.web, 91, tcp), ""},
		{"to its single port", c.in(c.web, 443, tcp), ruleMatch},
		{"to its port with another protocol", c.in(c.web, 80, udp), ""},
		{"first fragment to it", c.in(c.web, 80, tcp).fragment(first), ruleMatch},
		{"with options to it", c.in(c.web, 80, tcp).withOptions(), ruleMatch},
		{"later fragment to it", c.in(c.web, 80, tcp).fragment(later), ruleMatchFrag},
		{"later fragment with another protocol", c.in(c.web, 80, udp).fragment(later), ""},
		{"any port of any protocol", c.in(c.marked, 7, sctp), ruleMatch},
		{"ping of a match for all", c.ping(c.marked), ""},
		{"from another of the match's clients", fromRouter, ruleMatch},
		{"from none of them", fromWeb, ""},
		{"later fragment from none of them", fromWeb.fragment(later), ""},
		{"to a match on a shared address", c.in(c.shared, 53, udp), ruleMatch},
		{"later fragment to a match on a shared address", c.in(c.shared, 53, udp).fragment(later), ruleLocal},
	}
}

func (c cast) aboutMatches() []guardCase {
	whole := c.out(c.web, 80, tcp).bytes()
	elsewhere := c.out(c.marked, 7, udp)
	elsewhere.dst = at(c.web, 1234)
	return []guardCase{
		{"error about an answer to a match", c.failure(c.web, whole), ruleMatchErr},
		{"error that quotes up to the port of one", c.failure(c.web, whole[:c.ports+2]), ruleMatchErr},
		{"error that quotes less of one", c.failure(c.web, whole[:c.ports+1]), ""},
		{"error about an answer from another port", c.failure(c.web, c.out(c.web, 91, tcp).bytes()), ""},
		{"error about an answer of another protocol", c.failure(c.web, c.out(c.web, 80, udp).bytes()), ""},
		{"error about an answer to its client", c.failure(c.marked, c.out(c.marked, 7, udp).bytes()), ruleMatchErr},
		{"error about an answer to a stranger", c.failure(c.marked, elsewhere.bytes()), ""},
		{"error about an answer from a shared address", c.failure(c.shared, c.out(c.shared, 53, udp).bytes()), ruleLocal},
	}
}

// leftAside are packets that a rule of the host's may mark.
func (c cast) leftAside() []guardCase {
	return []guardCase{
		{"to a tuple aside", c.in(c.aside, 80, tcp), ruleAside},
		{"to another port of its address", c.in(c.aside, 443, tcp), ruleVirtual},
		{"first fragment to a tuple aside", c.in(c.aside, 80, tcp).fragment(first), ruleAside},
		{"later fragment to its address", c.in(c.aside, 443, tcp).fragment(later), ruleAside},
		{"error about a packet from it", c.failure(c.aside, c.out(c.aside, 80, tcp).bytes()), ruleVirtualErr},
		{"to any port aside of a held address", c.in(c.asideHeld, 53, udp), ruleAside},
		{"to a held address, not aside", c.in(c.asideHeld, 53, tcp), ruleHeld},
		{"later fragment to a held address, partly aside", c.in(c.asideHeld, 53, udp).fragment(later), ruleAside},
		{"ping of a held address, partly aside", c.ping(c.asideHeld), ruleHeld},
	}
}

func (c cast) others() []guardCase {
	return []guardCase{
		{"between strangers", c.in(c.router, 80, tcp), ""},
		{"later fragment between strangers", c.in(c.router, 80, tcp).fragment(later), ""},
	}
}

// in is a packet of the client, out one to it.
func (c cast) in(dst netip.Addr, port uint16, proto uint8) datagram {
	return datagram{src: at(c.client, 1234), dst: at(dst, port), proto: proto}
}

func (c cast) out(src netip.Addr, port uint16, proto uint8) datagram {
	return datagram{src: at(src, port), dst: at(c.client, 1234), proto: proto}
}

func (c cast) ping(dst netip.Addr) datagram { return c.icmpTo(dst, c.echo, make([]byte, 48)) }

func (c cast) failure(dst netip.Addr, quote []byte) datagram {
	return c.icmpTo(dst, c.unreachable, quote)
}

func (c cast) icmpTo(dst netip.Addr, kind byte, payload []byte) datagram {
	return datagram{src: at(c.router, 0), dst: at(dst, 0), proto: c.icmp, payload: quoting(kind, payload)}
}

func (d datagram) fragment(part uint16) datagram { d.frag = part; return d }
func (d datagram) withOptions() datagram         { d.options = true; return d }
func (d datagram) madeAtomic() datagram          { d.atomic = true; return d }
