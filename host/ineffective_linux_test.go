// SPDX-License-Identifier: Apache-2.0

package host

import (
	"net/netip"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

var (
	web  = Tuple{tcp, netip.MustParseAddrPort("192.0.2.100:80")}
	web6 = Tuple{tcp, netip.MustParseAddrPort("[2001:db8::100]:80")}
	dns  = Tuple{udp, netip.MustParseAddrPort("192.0.2.101:0")} // all ports
)

// TestIneffectiveNftables adds rules with nft and expects those marked to be
// found, by what stands behind the handle.
func TestIneffectiveNftables(t *testing.T) {
	needs(t, "nft")
	for _, c := range []struct {
		rule string
		of   []Tuple // who is said to match; none: not found
	}{
		{"ip daddr 192.0.2.100 drop", []Tuple{web}},
		{"ip daddr 192.0.2.0/24 tcp dport 80 drop", []Tuple{web}},
		{"ip daddr 192.0.2.0/25 drop", []Tuple{web, dns}},
		{"ip daddr 192.0.2.100 tcp dport 81 drop", nil},
		{"ip daddr 192.0.2.99 tcp dport 80 drop", nil},
		{"ip daddr != 192.0.2.99 accept", nil}, // aimed at another
		{"ip daddr != 192.0.2.100 tcp dport 80 accept", nil},
		{"ip6 daddr != 2001:db8::99 tcp dport 80 accept", []Tuple{web6}}, // by its port
		{"tcp dport 80 drop", []Tuple{web, web6}},
		{"tcp dport 80 ip saddr 198.51.100.7 reject", []Tuple{web}},
		{"tcp dport 70-90 drop", []Tuple{web, web6}},
		{"tcp dport != 70-90 drop", nil},
		{"tcp dport < 80 drop", nil},
		{"tcp dport >= 80 drop", []Tuple{web, web6}},
		{"tcp dport { 22, 80, 443-445 } drop", []Tuple{web, web6}},
		{"tcp dport { 22, 443-445 } drop", nil},
		{"tcp dport != { 22, 80 } drop", nil},
		{"udp dport 80 drop", nil}, // dns has no port to aim at
		{"ip6 daddr 2001:db8::/64 counter drop", []Tuple{web6}},
		{"ip6 daddr { 2001:db8::1-2001:db8::200 } drop", []Tuple{web6}},
		{"ip daddr . tcp dport { 192.0.2.100 . 80 } drop", []Tuple{web}},
		{"ip daddr . tcp dport { 192.0.2.100 . 70-90, 192.0.2.100 . 100 } drop", []Tuple{web}},
		{"ip daddr . tcp dport { 192.0.2.100 . 81-90 } drop", nil},
		{"ip saddr . tcp dport { 198.51.100.7 . 80 } drop", []Tuple{web}},
		{"tcp dport vmap { 80 : drop, 81 : accept }", []Tuple{web, web6}},
		{"tcp dport vmap { 81 : accept }", nil},
		{"tcp dport 80 meta mark set 1", nil}, // marks are honoured
		{"ct state established accept", nil},
		{"ip saddr 198.51.100.7 drop", nil},
		{"drop", nil},
	} {
		namespace(t)
		run(t, "nft 'add table inet f; add chain inet f in { type filter hook input priority 0; }'")
		run(t, "nft 'add rule inet f in "+c.rule+"'")
		expect(t, c.rule, "nftables inet f in handle", c.of)
	}
}

// expect compares who, of three, is said to match a single rule.
func expect(t *testing.T, rule, begin string, want []Tuple) {
	t.Helper()
	var got []Tuple
	for _, tuple := range []Tuple{web, web6, dns} {
		lines, err := Ineffective([]Tuple{tuple})
		must(t, err)
		if len(lines) == 1 && strings.HasPrefix(lines[0], begin) && strings.HasSuffix(lines[0], "matches "+tuple.String()) {
			got = append(got, tuple)
		} else if len(lines) != 0 {
			t.Errorf("%s: %q", rule, lines)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: said to match %v, want %v", rule, got, want)
	}
}

// TestIneffectiveWhere looks only behind packet sockets, follows jumps, and
// leaves our own guard out.
func TestIneffectiveWhere(t *testing.T) {
	namespace(t)
	needs(t, "nft")
	veth(t, "d0", "c0")
	must(t, guarding(t, "d0").Set(guardSet()))
	run(t, `nft -f - <<'E'
table inet f {
	chain more { ip daddr 192.0.2.100 reject; }
	chain web { drop; }
	chain port { tcp dport 80 drop; }
	chain unused { tcp dport 80 drop; }
	chain in { type filter hook input priority 0; ip daddr 192.0.2.100 jump web; jump port; tcp dport vmap { 80 : goto more }; }
	chain forwarded { type filter hook forward priority 0; tcp dport 80 drop; }
	chain pre { type filter hook prerouting priority 0; tcp dport 80 drop; }
}
table netdev g { chain i { type filter hook ingress device d0 priority 0; tcp dport 80 drop; }; }
E`)
	lines, err := Ineffective([]Tuple{web})
	must(t, err)
	var got []string
	for _, l := range lines {
		w := strings.Fields(l)
		got = append(got, strings.Join(w[1:4], " ")+": "+strings.Join(w[6:len(w)-3], " "))
	}
	slices.Sort(got)
	want := []string{
		"inet f in: jump more:", "inet f in: jump web:", "inet f more: reject:",
		"inet f port: drop:", "inet f pre: drop:", "netdev g i: drop:",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found %q\nwant %q", got, want)
	}
}

func TestIneffectiveIptables(t *testing.T) {
	t.Setenv("XTABLES_LOCKFILE", t.TempDir()+"/lock") // that in /run is root's
	for _, tool := range []string{"iptables-nft", "iptables-legacy"} {
		needs(t, tool)
		for _, c := range []struct {
			rule string
			of   []Tuple
		}{
			{"-A INPUT -d 192.0.2.100 -p tcp --dport 80 -j DROP", []Tuple{web}},
			{"-A INPUT -d 192.0.2.0/24 -j DROP", []Tuple{web, dns}},
			{"-A INPUT ! -d 192.0.2.100 -p tcp --dport 80 -j DROP", nil},
			{"-A INPUT -p tcp -m multiport --dports 70:90,443 -j DROP", []Tuple{web}},
			{"-A INPUT -p tcp -m multiport ! --dports 70:90,443 -j DROP", nil},
			{"-A INPUT -p tcp -m multiport --dports 22,443 -j DROP", nil},
			{"-A INPUT -p tcp --dport 80 -m comment --comment 'a -d 1.2.3.4' -j REJECT", []Tuple{web}},
			{"-t mangle -A PREROUTING -p tcp --dport 80 -j MARK --set-mark 1", nil},
			{"-t nat -A PREROUTING -d 192.0.2.100 -p tcp --dport 80 -j DNAT --to-destination 10.0.0.1", []Tuple{web}},
			{"-A FORWARD -d 192.0.2.100 -j DROP", nil},
			{"-A INPUT -s 192.0.2.100 -j DROP", nil},
		} {
			namespace(t)
			run(t, tool+" "+c.rule)
			begin := "nftables ip "
			if tool == "iptables-legacy" {
				begin = "iptables-legacy "
			}
			expect(t, tool+" "+c.rule, begin, c.of)
		}
	}
}

func needs(t *testing.T, tool string) {
	t.Helper()
	if _, err := exec.LookPath(tool); err != nil {
		t.Skipf("%s: %v", t.Name(), err)
	}
}
