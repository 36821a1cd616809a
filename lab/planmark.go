// SPDX-License-Identifier: Apache-2.0

package lab

// markService is the tutorial's service of both ports, by their mark.
const markService = "-f 6666"

// pair is what a client types to meet both ports.
const pair = "  curl -k https://192.168.0.200; curl http://192.168.0.200"

// fwmarkPlan shows the fault first: HTTP and HTTPS are services of their own.
func fwmarkPlan() Plan {
	p := drPlan()
	p.Name, p.About = "fwmark", "a firewall mark makes one service of two ports"
	p.Typed = append(typed(webService, ":80", "-g"), typed(tlsService, ":443", "-g")...)
	p.Try = []string{
		"ulvs lab sh client\tand there, some times:",
		pair,
		"# Each pair meets one server: the ports are two services, and each",
		"# counts for itself. A mark makes them one:",
		"ulvs lab sh lvs\tand there:",
		"  ipvsadm -C",
		"  iptables -t mangle -A PREROUTING -d 192.168.0.200 -p tcp \\",
		"    -m multiport --dports 80,443 -j MARK --set-mark 6666",
		"  # (ulvs mark add takes the same words, where iptables does not work.)",
	}
	for _, words := range typed(markService, "", "-g") {
		p.Try = append(p.Try, "  "+words)
	}
	p.Try = append(p.Try, "ulvs lab sh client\tthe same pairs: now the servers take turns")
	return p
}

// persistPlan begins where fwmark ends: one service, which forgets its clients.
func persistPlan() Plan {
	p := drPlan()
	p.Name, p.About = "persist", "a client comes back to its server, on either port"
	p.Typed = append([]string{"ulvs mark add -d 192.168.0.200 -p tcp --dports 80,443 --set-mark 6666"}, typed(markService, "", "-g")...)
	p.Try = []string{
		"ulvs lab sh client\tand there, some times:",
		pair,
		"# The servers take turns: who logs in on one is a stranger on the other.",
		"# Let the director remember its clients:",
		"ulvs lab sh lvs\tand there:",
		"  ipvsadm -E -f 6666 -s rr -p 3000",
		"ulvs lab sh client\tthe same pairs: now one server answers",
		"ulvs lab sh lvs\tand there: who is remembered, how long",
		"  ipvsadm -Lnc",
		"# It is the line that begins with IP; 0.0.26.10 is 6666, as an address.",
	}
	return p
}
