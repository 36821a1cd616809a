// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"fmt"
	"slices"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// plan lists the changes that make the host what is wished, in their order:
// what keeps a virtual address quiet comes before the address. It looks at the
// host as it was before us, so that it wants the same when asked again.
func (s *state) plan() ([]change, error) {
	if len(s.VIPs) == 0 {
		return nil, nil
	}
	ports, err := allPorts()
	if err != nil {
		return nil, fmt.Errorf("list the interfaces: %w", err)
	}
	list, err := s.cure(ports)
	if err != nil {
		return nil, err
	}
	if s.Mode == Tun {
		list = append(list, s.tunnels(ports)...)
	} else {
		list = append(list, s.looseReturn(ports)...)
	}
	vips, err := s.addresses()
	return append(list, vips...), err
}

// A port is an interface, and its IPv4 address.
type port struct {
	name string
	arp  bool   // others may ask it by ARP
	rip  string // its first IPv4 address that is global; "": none
}

func allPorts() (ports []port, err error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		p := port{name: l.Attrs().Name, arp: l.Attrs().RawFlags&(unix.IFF_LOOPBACK|unix.IFF_NOARP) == 0}
		addrs, err := netlink.AddrList(l, netlink.FAMILY_V4)
		if err != nil {
			return nil, err
		}
		for _, a := range addrs {
			if p.rip == "" && a.Scope == int(netlink.SCOPE_UNIVERSE) {
				p.rip = a.IP.String()
			}
		}
		ports = append(ports, p)
	}
	return ports, nil
}

// cure lists what keeps the virtual addresses quiet. In IPv6 there is nothing
// to cure: Linux answers a neighbour's question only for addresses of the
// interface that heard it, and asks with no other.
func (s *state) cure(ports []port) ([]change, error) {
	if !slices.ContainsFunc(s.VIPs, isIPv4) {
		return nil, nil
	}
	switch s.ARP {
	case Sysctl:
		return append(s.ignore(ports), s.announce()...), nil
	case ARPTables:
		return s.arpRules(ports), nil
	}
	return nil, nil // static: the gateway's affair
}

// addresses come last: from then on the host takes packets to them for its own.
// One that an interface holds which would answer for it is refused.
func (s *state) addresses() (list []change, err error) {
	for _, vip := range s.VIPs {
		c := change{
			Kind: addAddress, Name: hostRoute(vip).String(), Value: "lo",
			Why: "Hold the VIP, so that the kernel takes its packets for its own. All bits\nof the mask: the address alone, not its network.",
		}
		if _, _, err := lookAddress(&c); err != nil {
			return nil, fmt.Errorf("hold %v: %w", vip, err)
		}
		list = append(list, c)
	}
	return list, nil
}

// before is a setting as it was before us, "" if there is none.
func (s *state) before(path string) string {
	if c := s.done(&change{Kind: setSysctl, Name: path}); c != nil {
		return c.Was
	}
	value, err := readSysctl(path)
	if err != nil {
		return ""
	}
	return value
}
