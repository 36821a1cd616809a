// SPDX-License-Identifier: Apache-2.0

package host

import "net/netip"

// A cast is who appears in a guard case, in one IP version.
type cast struct {
	client, router      netip.Addr
	vip, shared, anyVIP netip.Addr // on no interface; an address of the host; of a service for all ports
	held, local         netip.Addr
	rip, anyRIP         netip.Addr
	icmp                uint8
	unreachable, echo   byte
	ports               int // where a quoted packet's ports lie in an ICMP message
}

var casts = [2]cast{
	{
		client: netip.MustParseAddr("198.51.100.7"), router: netip.MustParseAddr("198.51.100.1"),
		vip: netip.MustParseAddr("192.0.2.100"), shared: netip.MustParseAddr("192.0.2.1"),
		anyVIP: netip.MustParseAddr("192.0.2.101"), held: netip.MustParseAddr("192.0.2.150"),
		local: netip.MustParseAddr("10.0.0.1"),
		rip:   netip.MustParseAddr("10.0.0.10"), anyRIP: netip.MustParseAddr("10.0.0.11"),
		icmp: 1, unreachable: 3, echo: 8, ports: 28,
	},
	{
		client: netip.MustParseAddr("2001:db8:c::7"), router: netip.MustParseAddr("2001:db8:c::1"),
		vip: netip.MustParseAddr("2001:db8::100"), shared: netip.MustParseAddr("2001:db8::1"),
		anyVIP: netip.MustParseAddr("2001:db8::101"), held: netip.MustParseAddr("2001:db8::150"),
		local: netip.MustParseAddr("2001:db8:a::1"),
		rip:   netip.MustParseAddr("2001:db8:a::10"), anyRIP: netip.MustParseAddr("2001:db8:a::11"),
		icmp: 58, unreachable: 1, echo: 128, ports: 48,
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
	client := at(c.client, 1234)
	echo := quoting(c.echo, make([]byte, 48))
	// A router's error about a packet to the client, sent to whoever seems to
	// have sent that; and one about the client's packet after its rewrite.
	toClient := func(from netip.AddrPort, proto uint8) []byte {
		return quoting(c.unreachable, datagram{src: from, dst: client, proto: proto}.bytes())
	}
	toReal := func(to netip.AddrPort, proto uint8) []byte {
		return quoting(c.unreachable, datagram{src: client, dst: to, proto: proto}.bytes())
	}
	plain := func(src, dst netip.AddrPort, proto uint8) datagram {
		return datagram{src: src, dst: dst, proto: proto}
	}
	failure := func(dst netip.Addr, payload []byte) datagram {
		return datagram{src: at(c.router, 0), dst: at(dst, 0), proto: c.icmp, payload: payload}
	}
	with := func(d datagram, change func(*datagram)) datagram { change(&d); return d }
	isFirst := func(d *datagram) { d.frag = first }
	isLater := func(d *datagram) { d.frag = later }
	isMid := func(d *datagram) { d.frag = mid }
	options := func(d *datagram) { d.options = true }

	vip, real := at(c.vip, 80), at(c.rip, 8080)
	optionsInside := datagram{src: vip, dst: client, proto: tcp, options: true}.bytes()
	laterInside := datagram{src: vip, dst: client, proto: tcp, frag: later}.bytes()
	firstInside := datagram{src: client, dst: real, proto: tcp, frag: first}.bytes()
	firstRule := ruleRealErr // IPv6 quotes a fragment header, which is as good as options
	if c.icmp == 58 {
		firstRule = ""
	}
	return []guardCase{
		{"any port of a held address", plain(client, at(c.held, 22), tcp), ruleHeld},
		{"later fragment to a held address", with(plain(client, at(c.held, 22), udp), isLater), ruleHeld},
		{"ping of a held address", datagram{src: client, dst: at(c.held, 0), proto: c.icmp, payload: echo}, ruleHeld},

		{"to the service", plain(client, vip, tcp), ruleVirtual},
		{"to another port of the VIP", plain(client, at(c.vip, 81), tcp), ""},
		{"to the port with another protocol", plain(client, vip, udp), ""},
		{"first fragment to the service", with(plain(client, vip, tcp), isFirst), ruleVirtual},
		{"with options to the service", with(plain(client, vip, tcp), options), ruleVirtual},
		{"atomic fragment to the service", with(plain(client, vip, tcp), func(d *datagram) { d.atomic = true }), ruleVirtual},
		{"ping of the VIP", datagram{src: client, dst: at(c.vip, 0), proto: c.icmp, payload: echo}, ""},
		{"to the service on a shared address", plain(client, at(c.shared, 80), tcp), ruleVirtual},
		{"to the host's port on a shared address", plain(client, at(c.shared, 22), tcp), ruleLocal},
		{"to any port of a service for all", plain(client, at(c.anyVIP, 53), udp), ruleVirtual},
		{"to a service for all, other protocol", plain(client, at(c.anyVIP, 53), tcp), ""},
		{"first fragment to a service for all", with(plain(client, at(c.anyVIP, 53), udp), isFirst), ruleVirtual},

		{"later fragment to the VIP", with(plain(client, vip, tcp), isLater), ruleVirtualFrag},
		{"middle fragment to the VIP", with(plain(client, vip, udp), isMid), ruleVirtualFrag},
		{"later fragment with options to the VIP", with(with(plain(client, vip, tcp), isLater), options), ruleVirtualFrag},
		{"later fragment to a service for all", with(plain(client, at(c.anyVIP, 53), udp), isLater), ruleVirtualFrag},
		{"later fragment to a shared address", with(plain(client, at(c.shared, 80), tcp), isLater), ruleLocal},

		{"error about the service's packet", failure(c.vip, toClient(vip, tcp)), ruleVirtualErr},
		{"error about a service for all's packet", failure(c.anyVIP, toClient(at(c.anyVIP, 53), udp)), ruleVirtualErr},
		{"error about another port", failure(c.vip, toClient(at(c.vip, 81), tcp)), ""},
		{"error about a shared address's packet", failure(c.shared, toClient(at(c.shared, 80), tcp)), ruleLocal},
		{"error about a packet with options", failure(c.vip, quoting(c.unreachable, optionsInside)), ""},
		{"error about a later fragment", failure(c.vip, quoting(c.unreachable, laterInside)), ""},
		{"error that quotes up to the port", failure(c.vip, toClient(vip, tcp)[:c.ports+2]), ruleVirtualErr},
		{"error that quotes less", failure(c.vip, toClient(vip, tcp)[:c.ports+1]), ""},
		{"ping that looks like a quote", failure(c.vip, quoting(c.echo, toClient(vip, tcp)[8:])), ""},

		{"reply of the real server", plain(real, client, tcp), ruleReal},
		{"reply in a first fragment", with(plain(real, client, tcp), isFirst), ruleReal},
		{"reply with options", with(plain(real, client, tcp), options), ruleReal},
		{"another port of the real server", plain(at(c.rip, 8081), client, tcp), ""},
		{"reply to the host itself", plain(real, at(c.local, 1234), tcp), ruleLocal},
		{"reply of a server for all ports", plain(at(c.anyRIP, 999), client, udp), ruleReal},
		{"later fragment of a reply", with(plain(real, client, tcp), isLater), ruleRealFrag},
		{"later fragment of a server for all ports", with(plain(at(c.anyRIP, 9), client, udp), isLater), ruleRealFrag},
		{"later fragment of a reply to the host", with(plain(real, at(c.local, 1), tcp), isLater), ruleLocal},

		{"error about a packet to the real server", failure(c.client, toReal(real, tcp)), ruleRealErr},
		{"error about a packet to a server for all", failure(c.client, toReal(at(c.anyRIP, 7), udp)), ruleRealErr},
		{"error about a first fragment to it", failure(c.client, quoting(c.unreachable, firstInside)), firstRule},
		{"error about the host's own packet to it", failure(c.local, toReal(real, tcp)), ruleLocal},
		{"error that quotes up to its port", failure(c.client, toReal(real, tcp)[:c.ports+4]), ruleRealErr},
		{"error that quotes less of it", failure(c.client, toReal(real, tcp)[:c.ports+3]), ""},
		{"error about another port of it", failure(c.client, toReal(at(c.rip, 8081), tcp)), ""},
		{"first fragment of an error about it", with(failure(c.client, toReal(real, tcp)), isFirst), ruleRealErr},

		{"between strangers", plain(client, at(c.router, 80), tcp), ""},
		{"later fragment between strangers", with(plain(client, at(c.router, 80), tcp), isLater), ""},
	}
}
