// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"net/netip"
	"os"
	"slices"
)

// The kernel combines a setting of "all" with that of the interface: of
// arp_ignore, arp_announce and rp_filter the greater one counts.

func isIPv4(a netip.Addr) bool { return a.Is4() }

func conf(device, key string) string { return "net/ipv4/conf/" + device + "/" + key }

// quiet are the values of arp_ignore under which nobody is told of an address
// on lo: 1 and 2 answer for the interface's own addresses, 8 for none. Those
// between them go by an address's scope, and tell.
func quiet(value string) bool { return value == "1" || value == "2" || value == "8" }

// ignore makes the host answer ARP only for what the asked interface holds.
func (s *state) ignore(ports []port) (list []change) {
	value := s.before(conf("all", "arp_ignore"))
	if !quiet(value) {
		value = "1"
	}
	list = append(list, change{
		Kind: setSysctl, Name: conf("all", "arp_ignore"), Value: value,
		Why: "Answer ARP only for addresses of the interface that is asked: not for\nthe VIP, which is on lo.",
	})
	for _, p := range ports {
		if v := s.before(conf(p.name, "arp_ignore")); p.arp && v > "1" && !quiet(v) {
			list = append(list, change{
				Kind: setSysctl, Name: conf(p.name, "arp_ignore"), Value: "1",
				Why: "The greater value counts, and this one would answer.",
			})
		}
	}
	return list
}

// announce keeps the virtual address out of the host's own questions.
func (s *state) announce() []change {
	return []change{{
		Kind: setSysctl, Name: conf("all", "arp_announce"), Value: "2",
		Why: "Ask with the address of the interface. A question \"who has the router?\ntell the VIP\" would teach the router the wrong link address.",
	}}
}

// looseReturn is for servers that get requests by one interface and answer by
// another. Strict filtering drops such requests without a word.
func (s *state) looseReturn(ports []port) []change {
	strict := s.before(conf("all", "rp_filter")) == "1"
	for _, p := range ports {
		strict = strict || p.arp && s.before(conf(p.name, "rp_filter")) == "1"
	}
	if !strict {
		return nil
	}
	return []change{{
		Kind: setSysctl, Name: conf("all", "rp_filter"), Value: "2",
		Why: "Take packets though answers leave by another interface. 1, strict, drops\nthem in silence; 2, loose, wants only some way back to the sender.",
	}}
}

// tunnelDevices are the kernel's own, one for each kind of outer header.
var tunnelDevices = []string{"tunl0", "sit0", "gre0", "ip6tnl0", "ip6gre0"}

// tunnels readies the tunnel devices that the kernel has, and lets packets in
// by interfaces through which no answer would leave.
func (s *state) tunnels(ports []port) (list []change) {
	if all := s.before(conf("all", "rp_filter")); all != "0" && all != "" {
		list = s.unfilterAll(ports, all)
	}
	for _, p := range ports {
		if !isTunnel(p.name) {
			continue
		}
		list = append(list, change{Kind: linkUp, Name: p.name, Why: "Let the kernel unwrap what comes in a tunnel."})
		if v := s.before(conf(p.name, "rp_filter")); v != "0" && v != "" {
			list = append(list, change{
				Kind: setSysctl, Name: conf(p.name, "rp_filter"), Value: "0",
				Why: "The answer leaves by the wire, not by the tunnel: filtering by the way\nback would drop every packet.",
			})
		}
	}
	return list
}

// unfilterAll takes the filter of "all" away, which would count for the tunnel
// as well, and gives it to each other interface instead.
func (s *state) unfilterAll(ports []port, all string) (list []change) {
	for _, p := range ports {
		if v := s.before(conf(p.name, "rp_filter")); !isTunnel(p.name) && v < all {
			list = append(list, change{
				Kind: setSysctl, Name: conf(p.name, "rp_filter"), Value: all,
				Why: "This interface keeps the filter that it has from \"all\".",
			})
		}
	}
	return append(list, change{
		Kind: setSysctl, Name: conf("all", "rp_filter"), Value: "0",
		Why: "The greater value counts: this one would filter the tunnel, too.",
	})
}

func isTunnel(name string) bool { return slices.Contains(tunnelDevices, name) }

// KernelTunnels reports whether the kernel has a tunnel device of its own.
func KernelTunnels() bool {
	for _, t := range tunnelDevices {
		if _, err := os.Stat(sysctlRoot + conf(t, "rp_filter")); err == nil {
			return true
		}
	}
	return false
}
