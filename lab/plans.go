// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"net/netip"
	"strings"
)

// The addresses of the tutorial, the same in every lab.
const (
	cip  = "172.25.254.9/24"
	vip  = "192.168.0.200/32"
	dip  = "192.168.0.100/24"
	rip1 = "192.168.0.10/24"
	rip2 = "192.168.0.20/24"
)

func natPlan() Plan {
	const front, inside = "172.25.254.100/24", dip
	return Plan{
		Name:  "nat",
		About: "the director stands in the middle, and rewrites both ways",
		Picture: `
                    eth0 ┌───────┐ eth1           ┌── rs1  RIP 192.168.0.10
  client ────────────────┤  lvs  ├──────── switch ┤
  CIP 172.25.254.9       └───────┘                └── rs2  RIP 192.168.0.20
            172.25.254.100       DIP 192.168.0.100
         VIP 192.168.0.200
`,
		VIP: bare(vip),
		Hosts: []Host{
			{Name: "client", Ports: []Port{port("eth0", "front", at(cip, "CIP"))}, Gateway: bare(front)},
			{
				Name:    "lvs",
				Ports:   []Port{port("eth0", "front", at(front, ""), at(vip, "VIP")), port("eth1", "lan", at(inside, "DIP"))},
				Sysctl:  []Setting{{"net.ipv4.ip_forward", "1"}},
				Daemons: []Daemon{director()},
			},
			realServer("rs1", rip1, bare(inside)),
			realServer("rs2", rip2, bare(inside)),
		},
		Typed: typed(webService, ":80", "-m"),
		Try:   append(try(), "ulvs lab exec rs1 -- ip route\tthe way back: the director"),
	}
}

func drPlan() Plan {
	const outside, inside = "172.25.254.1/24", "192.168.0.1/24"
	return Plan{
		Name:  "dr",
		About: "only the next hop changes; the real servers answer by themselves",
		Picture: `
                   ┌────────┐          ┌── lvs  DIP 192.168.0.100, VIP
  client ──────────┤ router ├── switch ┼── rs1  RIP 192.168.0.10,  VIP on lo
  CIP 172.25.254.9 └────────┘          └── rs2  RIP 192.168.0.20,  VIP on lo
        172.25.254.1   192.168.0.1              VIP 192.168.0.200
`,
		VIP: bare(vip),
		Hosts: []Host{
			{Name: "client", Ports: []Port{port("eth0", "front", at(cip, "CIP"))}, Gateway: bare(outside)},
			{
				Name:   "router",
				Ports:  []Port{port("eth0", "front", at(outside, "")), port("eth1", "lan", at(inside, ""))},
				Sysctl: []Setting{{"net.ipv4.ip_forward", "1"}},
			},
			{
				Name:    "lvs",
				Ports:   []Port{port("eth0", "lan", at(dip, "DIP"), at(vip, "VIP"))},
				Gateway: bare(inside),
				Daemons: []Daemon{director()},
			},
			quiet(realServer("rs1", rip1, bare(inside))),
			quiet(realServer("rs2", rip2, bare(inside))),
		},
		Typed: typed(webService, ":80", "-g"),
		Try:   append(try(), "ulvs lab exec rs1 -- ip addr\tthe VIP on lo, without ARP"),
	}
}

// quiet gives a real server the VIP, and lets no neighbour know of it.
func quiet(h Host) Host {
	h.Ports = append(h.Ports, port("lo", "", at(vip, "VIP")))
	h.Sysctl = append(h.Sysctl, Setting{"net.ipv4.conf.all.arp_ignore", "1"}, Setting{"net.ipv4.conf.all.arp_announce", "2"})
	return h
}

func realServer(name, rip string, gateway netip.Addr) Host {
	banner := strings.ToUpper(name) + " server - " + bare(rip).String()
	return Host{
		Name:    name,
		Ports:   []Port{port("eth0", "lan", at(rip, "RIP"))},
		Gateway: gateway,
		Daemons: []Daemon{{
			Args:  []string{"ulvs", ServerVerb, banner},
			Ready: []string{"ulvs", ServerVerb, "--ready"},
			Log:   "/var/log/server.log",
		}},
	}
}

func director() Daemon {
	return Daemon{Args: []string{"ulvs", "run"}, Ready: []string{"ulvs", "status"}, Log: "/var/log/ulvs.log"}
}

// The tutorial's services, as ipvsadm names them.
const (
	webService = "-t 192.168.0.200:80"
	tlsService = "-t 192.168.0.200:443"
)

// typed is a service, by the words that name it, with both real servers in
// this mode; the port is ":80", or none for the client's.
func typed(service, port, mode string) []string {
	add := func(rip string) string {
		return "ipvsadm -a " + service + " -r " + bare(rip).String() + port + " " + mode
	}
	return []string{"ipvsadm -A " + service + " -s rr", add(rip1), add(rip2)}
}

func try() []string {
	return []string{
		"ulvs lab curl -n 10\tten requests from the client",
		"ulvs lab sh lvs\tand there: ipvsadm -Ln",
		"ulvs lab exec lvs -- ulvs status\twhat became of each packet",
	}
}

func port(name, wire string, addrs ...Address) Port { return Port{name, wire, addrs} }

func at(prefix, role string) Address { return Address{netip.MustParsePrefix(prefix), role} }

func bare(prefix string) netip.Addr { return netip.MustParsePrefix(prefix).Addr() }
