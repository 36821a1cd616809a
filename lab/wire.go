// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
)

// An end is where a wire goes into a host.
type end struct {
	agent *agentProcess
	port  Port
}

// wire joins the hosts: two ports on a wire by a cable (a veth pair), more by
// a switch (a bridge in the keeper's own network). Offloads stay as they are.
func (k *keeper) wire() error {
	if err := quieten(); err != nil {
		return err
	}
	for _, name := range k.Plan.wires() {
		ends := k.ends(name)
		var err error
		if len(ends) == 2 {
			err = cable(ends[0], ends[1])
		} else {
			err = bridge(name, ends)
		}
		if err != nil {
			return fmt.Errorf("lay the wire %s: %w", name, err)
		}
	}
	return nil
}

// quieten keeps the switch from speaking IPv6 itself: it is a wire, no host.
func quieten() error { return writeSysctl("net.ipv6.conf.default.disable_ipv6", "1") }

func (k *keeper) ends(wire string) (ends []end) {
	for _, a := range k.agents {
		for _, p := range a.host.Ports {
			if p.Wire == wire {
				ends = append(ends, end{a, p})
			}
		}
	}
	return ends
}

// cable makes a veth pair whose ends are born where they belong.
func cable(a, b end) error {
	v := veth(a.port.Name, b)
	v.Namespace, v.HardwareAddr = netlink.NsPid(a.agent.pid), a.port.mac()
	return netlink.LinkAdd(v)
}

// bridge makes a switch, and plugs in a cable from each host.
func bridge(name string, ends []end) error {
	br := &netlink.Bridge{LinkAttrs: netlink.NewLinkAttrs()}
	br.Name = name
	if err := netlink.LinkAdd(br); err != nil {
		return err
	}
	if err := netlink.LinkSetUp(br); err != nil {
		return err
	}
	for _, e := range ends {
		v := veth(e.agent.host.Name+"-"+e.port.Name, e)
		v.MasterIndex = br.Index
		if err := netlink.LinkAdd(v); err != nil {
			return fmt.Errorf("plug in %s: %w", e.agent.host.Name, err)
		}
		if err := netlink.LinkSetUp(v); err != nil {
			return err
		}
	}
	return nil
}

// veth is a pair with its far end in a host.
func veth(name string, far end) *netlink.Veth {
	v := &netlink.Veth{LinkAttrs: netlink.NewLinkAttrs()}
	v.Name = name
	v.PeerName, v.PeerNamespace, v.PeerHardwareAddr = far.port.Name, netlink.NsPid(far.agent.pid), far.port.mac()
	return v
}

// mac is a link address in which one can read the port's IP address:
// 192.168.0.10 lives at 02:00:c0:a8:00:0a.
func (p Port) mac() net.HardwareAddr {
	if len(p.Addrs) == 0 || !p.Addrs[0].Prefix.Addr().Is4() {
		return nil // the kernel chooses
	}
	ip := p.Addrs[0].Prefix.Addr().As4()
	return append(net.HardwareAddr{2, 0}, ip[:]...)
}
