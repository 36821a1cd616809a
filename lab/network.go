// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"

	"github.com/vishvananda/netlink"
)

// everywhere are the settings of all hosts. A new network takes some of its
// settings from the machine, and these matter to the lessons; an IPv6 address
// that is first checked for duplicates comes a second too late.
var everywhere = []Setting{
	{"net.ipv4.ip_forward", "0"},
	{"net.ipv4.conf.all.rp_filter", "0"},
	{"net.ipv4.conf.default.rp_filter", "0"},
	{"net.ipv4.conf.all.arp_ignore", "0"},
	{"net.ipv4.conf.all.arp_announce", "0"},
	{"net.ipv6.conf.all.accept_dad", "0"},
	{"net.ipv6.conf.default.accept_dad", "0"},
}

// setSysctls makes the settings before there is any port, so that ports begin
// with them.
func (a *agent) setSysctls() error {
	for _, s := range everywhere {
		err := writeSysctl(s.Key, s.Value)
		if err != nil && !(errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(s.Key, "net.ipv6.")) {
			return err
		}
	}
	for _, s := range a.Host.Sysctl {
		if err := writeSysctl(s.Key, s.Value); err != nil {
			return err
		}
	}
	return nil
}

// writeSysctl sets a sysctl; those below net are this network's own.
func writeSysctl(key, value string) error {
	path := "/proc/sys/" + strings.ReplaceAll(key, ".", "/")
	if err := os.WriteFile(path, []byte(value), 0); err != nil {
		return fmt.Errorf("set %s=%s: %w", key, value, err)
	}
	return nil
}

// configure gives the ports their addresses, and the host its gateway.
func (a *agent) configure() error {
	if err := linkUp("lo"); err != nil {
		return err
	}
	for _, p := range a.Host.Ports {
		if err := p.configure(); err != nil {
			return fmt.Errorf("configure %s: %w", p.Name, err)
		}
	}
	if !a.Host.Gateway.IsValid() {
		return nil
	}
	route := &netlink.Route{Dst: anywhere(), Gw: a.Host.Gateway.AsSlice()}
	if err := netlink.RouteAdd(route); err != nil {
		return fmt.Errorf("set the gateway %s: %w", a.Host.Gateway, err)
	}
	return nil
}

func (p Port) configure() error {
	if err := linkUp(p.Name); err != nil {
		return err
	}
	link, err := netlink.LinkByName(p.Name)
	if err != nil {
		return err
	}
	for _, a := range p.Addrs {
		addr := &netlink.Addr{IPNet: ipNet(a.Prefix)}
		if err := netlink.AddrAdd(link, addr); err != nil {
			return fmt.Errorf("add %s: %w", a.Prefix, err)
		}
	}
	return nil
}

func linkUp(name string) error {
	link, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("find %s: %w", name, err)
	}
	if err := netlink.LinkSetUp(link); err != nil {
		return fmt.Errorf("bring %s up: %w", name, err)
	}
	return nil
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func anywhere() *net.IPNet { return ipNet(netip.MustParsePrefix("0.0.0.0/0")) }
