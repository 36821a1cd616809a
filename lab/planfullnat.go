// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"net/netip"
)

// fullnatPlan puts each real server into a network of its own, behind a router,
// with a route to the director's network and none to the client.
func fullnatPlan() Plan {
	const front, inside = "172.25.254.100/24", "192.168.0.100/24"
	far := []string{"10.77.1.10/24", "10.77.2.10/24"}
	lvs := Host{
		Name:    "lvs",
		Ports:   []Port{port("eth0", "front", at(front, ""), at(vip, "VIP")), port("eth1", "lan", at(inside, "DIP"))},
		Gateway: bare("192.168.0.1/24"),
		Daemons: []Daemon{director()},
	}
	router := Host{
		Name: "router",
		Ports: []Port{
			port("eth0", "lan", at("192.168.0.1/24", "")),
			port("eth1", "far1", at("10.77.1.1/24", "")), port("eth2", "far2", at("10.77.2.1/24", "")),
		},
		Sysctl: []Setting{{"net.ipv4.ip_forward", "1"}},
	}
	return Plan{
		Name:  "fullnat",
		About: "both ends change: the servers need no way to the client",
		Picture: `
                    eth0 ┌───────┐ eth1     ┌────────┐── rs1  RIP 10.77.1.10
  client ────────────────┤  lvs  ├──────────┤ router │
  CIP 172.25.254.9       └───────┘          └────────┘── rs2  RIP 10.77.2.10
            172.25.254.100       DIP 192.168.0.100
         VIP 192.168.0.200       local address 192.168.0.201
`,
		VIP: bare(vip),
		Hosts: []Host{
			{Name: "client", Ports: []Port{port("eth0", "front", at(cip, "CIP"))}, Gateway: bare(front)},
			router, lvs, farServer("rs1", "far1", far[0], bare("10.77.1.1/24")), farServer("rs2", "far2", far[1], bare("10.77.2.1/24")),
		},
		Typed: []string{
			"ipvsadm -A " + webService + " -s rr --local-address 192.168.0.201",
			"ipvsadm -a " + webService + " -r " + bare(far[0]).String() + ":80 --fullnat",
			"ipvsadm -a " + webService + " -r " + bare(far[1]).String() + ":80 --fullnat",
		},
		Try: append(try(), "ulvs lab exec router -- ip route\tno way leads to the client"),
	}
}

// farServer is a real server on a wire of its own.
func farServer(name, wire, rip string, gateway netip.Addr) Host {
	h := realServer(name, rip, gateway)
	h.Ports[0].Wire = wire
	return h
}
