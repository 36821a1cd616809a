// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"net/netip"
	"slices"
	"testing"
)

// TestMarking adds one rule at a time and asks for mark 1.
func TestMarking(t *testing.T) {
	t.Setenv("XTABLES_LOCKFILE", t.TempDir()+"/lock") // that in /run is root's
	held := Tuple{0, netip.MustParseAddrPort("192.0.2.102:0")}
	all := []Tuple{web, web6, dns, held}
	for _, c := range []struct {
		rule  string
		aside []Tuple
		rules int
		late  int
	}{
		{"-d 192.0.2.100 -p tcp --dport 80 -j MARK --set-mark 1", []Tuple{web}, 1, 0},
		{"-d 192.0.2.100 -p tcp -m multiport --dports 80,443 -j MARK --set-mark 1", []Tuple{web}, 1, 0},
		{"-d 192.0.2.100 -p tcp -m multiport --dports 22,443 -j MARK --set-mark 1", nil, 1, 0},
		{"-d 192.0.2.100 -p tcp --dport 80 -j MARK --set-mark 2", nil, 0, 0},
		{"-d 192.0.2.100 -p tcp --dport 80 -j MARK --set-mark 0x1/0x1", []Tuple{web}, 1, 0},
		{"-d 192.0.2.100 -p tcp --dport 80 -j MARK --set-mark 0x2/0x2", nil, 0, 0}, // 1 has that bit not
		{"-d 192.0.2.100 -p tcp --dport 80 -j MARK --or-mark 1", []Tuple{web}, 1, 0},
		{"-d 192.0.2.100 -p udp --dport 80 -j MARK --set-mark 1", nil, 1, 0},
		{"-d 192.0.2.0/24 -p udp -j MARK --set-mark 1", []Tuple{dns, held}, 1, 0},
		{"-d 192.0.2.102 -p sctp --dport 9 -j MARK --set-mark 1", []Tuple{held}, 1, 0},
		{"-p tcp --dport 80 -j MARK --set-mark 1", []Tuple{web, held}, 1, 0},
		{"-i lo -j MARK --set-mark 1", []Tuple{web, dns, held}, 1, 0},
		{"-s 198.51.100.7 ! -d 192.0.2.100 -j MARK --set-mark 1", []Tuple{dns, held}, 1, 0},
		{"-j CONNMARK --restore-mark", []Tuple{web, dns, held}, 1, 0},
		{"-d 192.0.2.100 -j CONNMARK --set-mark 1", nil, 0, 0},
		{"-d 192.0.2.100 -j ACCEPT", nil, 0, 0},
	} {
		for _, tool := range []string{"iptables-legacy", "iptables-nft"} {
			needs(t, tool)
			namespace(t)
			run(t, tool+" -t mangle -A PREROUTING "+c.rule)
			expectMarking(t, tool+" "+c.rule, all, c.aside, c.rules, c.late)
		}
	}
}

// TestMarkingWhere looks where marks are set in time, and follows jumps.
func TestMarkingWhere(t *testing.T) {
	needs(t, "nft")
	t.Setenv("XTABLES_LOCKFILE", t.TempDir()+"/lock")
	for _, c := range []struct {
		commands string
		aside    []Tuple
		rules    int
		late     int
	}{
		{"iptables-legacy -t mangle -N m; iptables-legacy -t mangle -A m -p tcp -j MARK --set-mark 1; iptables-legacy -t mangle -A PREROUTING -d 192.0.2.100 -j m", []Tuple{web}, 1, 0},
		{"iptables-legacy -t mangle -A INPUT -p tcp -j MARK --set-mark 1", nil, 0, 1},
		{"iptables-nft -t mangle -A INPUT -p tcp -j MARK --set-mark 1", nil, 0, 1},
		{"iptables-nft -t mangle -A FORWARD -p tcp -j MARK --set-mark 1", nil, 0, 0},
		{"ip6tables-nft -t mangle -A PREROUTING -d 2001:db8::100 -j MARK --set-mark 1", []Tuple{web6}, 1, 0},
		{"ip6tables-legacy -t mangle -A PREROUTING -p tcp --dport 80 -j MARK --set-mark 1", []Tuple{web6}, 1, 0},
		{"nft add rule inet m early tcp dport 80 meta mark set 1", []Tuple{web, web6}, 1, 0},
		{"nft add rule inet m early tcp dport 80 meta mark set 2", nil, 0, 0},
		{"nft add rule inet m early tcp dport 80 meta mark set meta mark or 1", []Tuple{web, web6}, 1, 0},
		{"nft add rule inet m early meta mark set tcp dport map '{ 80 : 1 }'", []Tuple{web, web6}, 1, 0},
		{"nft add rule inet m early meta mark set ct mark", []Tuple{web, web6, dns}, 1, 0},
		{"nft add rule inet m behind tcp dport 80 meta mark set 1", nil, 0, 1},
		{"nft add rule netdev m in ip daddr 192.0.2.100 meta mark set 1", []Tuple{web}, 1, 0},
	} {
		namespace(t)
		veth(t, "d0", "c0")
		run(t, `nft -f - <<'E'
table inet m {
	chain early { type filter hook prerouting priority -150; }
	chain behind { type filter hook prerouting priority -140; }
}
table netdev m { chain in { type filter hook ingress device d0 priority 0; }; }
E`)
		run(t, c.commands)
		expectMarking(t, c.commands, []Tuple{web, web6, dns}, c.aside, c.rules, c.late)
	}
}

func expectMarking(t *testing.T, what string, of, aside []Tuple, rules, late int) {
	t.Helper()
	m, err := ReadMarking([]uint32{1}, of)
	must(t, err)
	if !slices.Equal(m.Aside, aside) || len(m.Rules) != rules || len(m.Late) != late {
		t.Errorf("%s: aside %v, want %v; rules %q, want %d; late %q, want %d", what, m.Aside, aside, m.Rules, rules, m.Late, late)
	}
}

func TestMarkingIneffective(t *testing.T) {
	m := Marking{Rules: []string{"rule 7"}, Late: []string{"rule 8: late"}}
	if got := m.Ineffective(nil); !slices.Equal(got, []string{"rule 8: late"}) {
		t.Errorf("with a queue: %q", got)
	}
	want := []string{"rule 8: late", "rule 7: sets a mark that does not reach us: no queue"}
	if got := m.Ineffective(errors.New("no queue")); !slices.Equal(got, want) {
		t.Errorf("without: %q", got)
	}
}

// TestMarkingOfNone asks for no mark: nothing is read.
func TestMarkingOfNone(t *testing.T) {
	m, err := ReadMarking(nil, []Tuple{web})
	if err != nil || m.Aside != nil || m.Rules != nil {
		t.Errorf("%+v, %v", m, err)
	}
}
