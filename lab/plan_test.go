// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// tutorial is the tutorial's address plan: host, port, address, role.
var tutorial = map[string][]string{
	"nat": {
		"client eth0 172.25.254.9/24 CIP",
		"lvs eth0 172.25.254.100/24 ", "lvs eth0 192.168.0.200/32 VIP", "lvs eth1 192.168.0.100/24 DIP",
		"rs1 eth0 192.168.0.10/24 RIP", "rs2 eth0 192.168.0.20/24 RIP",
	},
	"dr": {
		"client eth0 172.25.254.9/24 CIP",
		"router eth0 172.25.254.1/24 ", "router eth1 192.168.0.1/24 ",
		"lvs eth0 192.168.0.100/24 DIP", "lvs eth0 192.168.0.200/32 VIP",
		"rs1 eth0 192.168.0.10/24 RIP", "rs1 lo 192.168.0.200/32 VIP",
		"rs2 eth0 192.168.0.20/24 RIP", "rs2 lo 192.168.0.200/32 VIP",
	},
}

func TestAddressesAreTheTutorials(t *testing.T) {
	for name, want := range tutorial {
		p, err := Find(name)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, h := range p.Hosts {
			for _, port := range h.Ports {
				for _, a := range port.Addrs {
					got = append(got, strings.Join([]string{h.Name, port.Name, a.Prefix.String(), a.Role}, " "))
				}
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("lab %s has\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// A gateway is on a wire that the host is on too, or nothing would reach it.
func TestGatewaysAreNeighbours(t *testing.T) {
	for _, p := range Plans() {
		for _, h := range p.Hosts {
			if h.Gateway.IsValid() && !reaches(p, h) {
				t.Errorf("lab %s: %s has the gateway %s, which is on none of its wires", p.Name, h.Name, h.Gateway)
			}
		}
	}
}

func reaches(p Plan, h Host) bool {
	for _, own := range h.Ports {
		for _, other := range p.Hosts {
			for _, port := range other.Ports {
				near := other.Name != h.Name && port.Wire == own.Wire && own.Wire != ""
				if near && holds(port, h.Gateway) && own.Addrs[0].Prefix.Contains(h.Gateway) {
					return true
				}
			}
		}
	}
	return false
}

func holds(p Port, addr netip.Addr) bool {
	return slices.ContainsFunc(p.Addrs, func(a Address) bool { return a.Prefix.Addr() == addr })
}

func TestFindNamesWhatThereIs(t *testing.T) {
	_, err := Find("tun")
	if err == nil || !strings.Contains(err.Error(), `"tun"`) || !strings.Contains(err.Error(), "nat, dr, fwmark, persist") {
		t.Errorf("an unknown lab gives %v", err)
	}
}

func TestWelcomeTells(t *testing.T) {
	for _, p := range Plans() {
		var b strings.Builder
		here := func(s string) string { return strings.Replace(s, "ulvs", "go run ./cmd/ulvs", 1) }
		if err := p.Welcome(&b, here); err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{
			"CIP", "VIP", "DIP", "RIP", "GATEWAY", "255.255.255.0", "255.255.255.255",
			"  ipvsadm -A ", "  go run ./cmd/ulvs lab sh lvs ", "  go run ./cmd/ulvs lab down ",
		} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("lab %s says nothing of %q:\n%s", p.Name, want, b.String())
			}
		}
		for line := range strings.Lines(b.String()) {
			if utf8.RuneCountInString(line) > 80+len("\n") {
				t.Errorf("lab %s is wider than 80 columns: %s", p.Name, line)
			}
		}
	}
}

func TestMask(t *testing.T) {
	for prefix, want := range map[string]string{
		"10.0.0.1/8": "255.0.0.0", "10.0.0.1/12": "255.240.0.0", "10.0.0.1/24": "255.255.255.0",
		"10.0.0.1/31": "255.255.255.254", "10.0.0.1/0": "0.0.0.0",
	} {
		if got := (Address{Prefix: netip.MustParsePrefix(prefix)}).mask(); got != want {
			t.Errorf("%s has the mask %s, want %s", prefix, got, want)
		}
	}
}

func TestLinkAddressShowsTheIP(t *testing.T) {
	if got := port("eth0", "lan", at("192.168.0.10/24", "")).mac().String(); got != "02:00:c0:a8:00:0a" {
		t.Errorf("192.168.0.10 lives at %s", got)
	}
}

func TestNoProxyReachesAHost(t *testing.T) {
	got := hostEnv([]string{"TERM=xterm", "http_proxy=p", "HTTPS_PROXY=p", "ULVS_SOCKET=@x", "ULVS_LAB_DIR=/x", "LANG=C"})
	if want := []string{"TERM=xterm", "LANG=C"}; !slices.Equal(got, want) {
		t.Errorf("a host gets %q, want %q", got, want)
	}
}
