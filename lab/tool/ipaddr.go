// SPDX-License-Identifier: Apache-2.0

package tool

import (
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/vishvananda/netlink"
)

func ipAddress(words []string, out io.Writer) error {
	if len(words) == 4 && words[2] == "dev" {
		return changeAddress(words[0], words[1], words[3])
	}
	dev, ok := showing(words)
	if !ok {
		return errIP
	}
	all, err := links(dev)
	if err != nil {
		return err
	}
	for _, l := range all {
		printLink(l, out)
		addrs, err := netlink.AddrList(l, netlink.FAMILY_ALL)
		if err != nil {
			return fmt.Errorf("list addresses of %s: %w", l.Attrs().Name, err)
		}
		for _, a := range addrs {
			fmt.Fprintf(out, "    %s %s scope %s\n", family(a.IP), a.IPNet, netlink.Scope(a.Scope))
		}
	}
	return nil
}

func family(ip net.IP) string {
	if ip.To4() != nil {
		return "inet"
	}
	return "inet6"
}

func changeAddress(verb, prefix, dev string) error {
	l, err := links(dev)
	if err != nil {
		return err
	}
	if !strings.Contains(prefix, "/") {
		prefix += "/32"
	}
	addr, err := netlink.ParseAddr(prefix)
	if err != nil {
		return err
	}
	switch verb {
	case "add":
		err = netlink.AddrAdd(l[0], addr)
	case "del", "delete":
		err = netlink.AddrDel(l[0], addr)
	default:
		return errIP
	}
	if err != nil {
		return fmt.Errorf("%s %s on %s: %w", verb, prefix, dev, err)
	}
	return nil
}

func ipRoute(words []string, out io.Writer) error {
	if len(words) == 4 && words[2] == "via" {
		return changeRoute(words[0], words[1], words[3])
	}
	dev, ok := showing(words)
	if !ok || dev != "" {
		return errIP
	}
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("list routes: %w", err)
	}
	for _, r := range routes {
		fmt.Fprintln(out, routeLine(r))
	}
	return nil
}

func routeLine(r netlink.Route) string {
	line := "default"
	if r.Dst != nil && r.Dst.String() != "0.0.0.0/0" {
		line = r.Dst.String()
	}
	if r.Gw != nil {
		line += " via " + r.Gw.String()
	}
	if l, err := netlink.LinkByIndex(r.LinkIndex); err == nil {
		line += " dev " + l.Attrs().Name
	}
	if r.Src != nil {
		line += " src " + r.Src.String()
	}
	return line
}

func changeRoute(verb, to, via string) error {
	r := &netlink.Route{Gw: net.ParseIP(via)}
	if r.Gw == nil {
		return fmt.Errorf("route via %q: no address", via)
	}
	if to == "default" {
		to = "0.0.0.0/0"
	}
	_, dst, err := net.ParseCIDR(to)
	if err != nil {
		return err
	}
	r.Dst = dst
	switch verb {
	case "add":
		err = netlink.RouteAdd(r)
	case "replace", "change":
		err = netlink.RouteReplace(r)
	case "del", "delete":
		err = netlink.RouteDel(r)
	default:
		return errIP
	}
	if err != nil {
		return fmt.Errorf("%s route to %s via %s: %w", verb, to, via, err)
	}
	return nil
}

// states are the words for what is known of a neighbour.
var states = map[int]string{
	netlink.NUD_INCOMPLETE: "INCOMPLETE", netlink.NUD_REACHABLE: "REACHABLE", netlink.NUD_STALE: "STALE",
	netlink.NUD_DELAY: "DELAY", netlink.NUD_PROBE: "PROBE", netlink.NUD_FAILED: "FAILED", netlink.NUD_PERMANENT: "PERMANENT",
}

func ipNeighbour(words []string, out io.Writer) error {
	dev, ok := showing(words)
	if !ok {
		return errIP
	}
	all, err := links(dev)
	if err != nil {
		return err
	}
	for _, l := range all {
		known, err := netlink.NeighList(l.Attrs().Index, netlink.FAMILY_ALL)
		if err != nil {
			return fmt.Errorf("list neighbours on %s: %w", l.Attrs().Name, err)
		}
		for _, n := range known {
			if state, ok := states[n.State]; ok {
				fmt.Fprintf(out, "%s dev %s lladdr %s %s\n", n.IP, l.Attrs().Name, n.HardwareAddr, state)
			}
		}
	}
	return nil
}
