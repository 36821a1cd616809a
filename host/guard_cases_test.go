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
	held, local         netip.Addr
	rip, anyRIP         netip.Addr
	icmp                uint8
	unreachable, echo   byte
	ports               int // where a packet's ports lie, without options
}

var casts = [2]cast{
	{
		client: netip.MustParseAddr("198.51.100.7"), router: netip.MustParseAddr("198.51.100.1"),
		vip: netip.MustParseAddr("192.0.2.100"), shared: netip.MustParseAddr("192.0.2.1"),
		anyVIP: netip.MustParseAddr("192.0.2.101"), held: netip.MustParseAddr("192.0.2.150"),
		local: netip.MustParseAddr("10.0.0.1"),
		rip:   netip.MustParseAddr("10.0.0.10"), anyRIP: netip.MustParseAddr("10.0.0.11"),
		icmp: 1, unreachable: 3, echo: 8, ports: 20,
	},
	{
		client: netip.MustParseAddr("2001:db8:c::7"), router: netip.MustParseAddr("2001:db8:c::1"),
		vip: netip.MustParseAddr("2001:db8::100"), shared: netip.MustParseAddr("2001:db8::1"),
		anyVIP: netip.MustParseAddr("2001:db8::101"), held: netip.MustParseAddr("2001:db8::150"),
		local: netip.MustParseAddr("2001:db8:a::1"),
		rip:   netip.MustParseAddr("2001:db8:a::10"), anyRIP: netip.MustParseAddr("2001:db8:a::11"),
		icmp: 58, unreachable: 1, echo: 128, ports: 40,
	},
}

// guardSet is the guard of both casts.
func guardSet() (g GuardSet) {
	for _, c := range casts {
		g.Virtual = append(g.Virtual, Tuple{tcp, at(c.vip, 80)}, Tuple{tcp, at(c.shared, 80)}, Tuple{udp, at(c.anyVIP, 0)})
		g.Real = append(g.Real, Tuple{tcp, at(c.rip, 8080)}, Tuple{udp, at(c.anyRIP, 0)})
		g.Held = append(g.Held, c.held)
		g.Local = append(g.Local, c.local, c.shared)
	}
	return g
}

func at(a netip.Addr, port uint16) netip.AddrPort { return netip.AddrPortFrom(a, port) }

// A guardCase is a packet, and the rule that GuardSet's text says it meets;
// none: "".
type guardCase struct {
	name string
	datagram
	rule string
}

// guardCases are the table of the guard, for one IP version.
func guardCases(c cast) []guardCase {
	return slices.Concat(c.toVirtual(), c.laterToVirtual(), c.aboutVirtual(), c.fromReal(), c.aboutReal(), c.others())
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
