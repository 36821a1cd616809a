// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	nl "github.com/mdlayher/netlink"
)

// A reader reads the kernel's tables through sockets that stay in the network
// namespace in which they were opened, whatever thread uses them later.
type reader struct {
	tables *netlink.Handle
	conf   *nl.Conn // for the forwarding switches
	ports  *os.File // net.ipv4.ip_local_port_range; nil: this host has none
}

func newReader() (*reader, error) {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	c, err := nl.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		h.Close()
		return nil, fmt.Errorf("open netlink: %w", err)
	}
	ports, _ := os.Open("/proc/sys/net/ipv4/ip_local_port_range")
	return &reader{h, c, ports}, nil
}

func (r *reader) close() {
	r.tables.Close()
	_ = r.conf.Close()
	if r.ports != nil {
		_ = r.ports.Close()
	}
}

// all reads everything.
func (r *reader) all() (f Facts, err error) {
	if f.Interfaces, err = r.interfaces(); err != nil {
		return f, fmt.Errorf("list interfaces: %w", err)
	}
	if f.Addrs, err = r.addrs(); err != nil {
		return f, fmt.Errorf("list addresses: %w", err)
	}
	if f.Routes, err = r.routes(); err != nil {
		return f, fmt.Errorf("list routes: %w", err)
	}
	if f.Neighbours, err = r.neighbours(); err != nil {
		return f, fmt.Errorf("list neighbours: %w", err)
	}
	f.Ephemeral = r.ephemeral()
	return f, nil
}

// ephemeral reads the ports of the host's own connections; none if the file is
// not what it should be. An open file of /proc/sys stays that of the network
// namespace in which it was opened.
func (r *reader) ephemeral() (ports PortRange) {
	if r.ports == nil {
		return PortRange{}
	}
	text := make([]byte, 32)
	n, _ := r.ports.ReadAt(text, 0)
	if _, err := fmt.Sscan(string(text[:n]), &ports.First, &ports.Last); err != nil {
		return PortRange{}
	}
	return ports
}

func (r *reader) interfaces() ([]Interface, error) {
	list, err := dump(func() ([]netlink.Link, error) { return r.tables.LinkList() })
	if err != nil {
		return nil, err
	}
	fwd, err := r.forwarding()
	if err != nil {
		return nil, err
	}
	out := make([]Interface, len(list))
	for i, l := range list {
		out[i] = interfaceFrom(l)
		out[i].Forwarding4 = fwd.v4[l.Attrs().Index]
		out[i].Forwarding6 = fwd.v6[all]
	}
	setUppers(out, list)
	return out, nil
}

func (r *reader) addrs() ([]Address, error) {
	list, err := dump(func() ([]netlink.Addr, error) { return r.tables.AddrList(nil, netlink.FAMILY_ALL) })
	var out []Address
	for _, a := range list {
		if x, ok := addressFrom(a); ok {
			out = append(out, x)
		}
	}
	return out, err
}

func (r *reader) routes() ([]RouteEntry, error) {
	var out []RouteEntry
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list, err := dump(func() ([]netlink.Route, error) {
			return r.tables.RouteListFiltered(family, &netlink.Route{}, netlink.RT_FILTER_TABLE)
		})
		if err != nil {
			return nil, err
		}
		for i := range list {
			if e, ok := routeFrom(&list[i]); ok {
				out = append(out, e)
			}
		}
	}
	return out, nil
}

func (r *reader) neighbours() ([]Neighbour, error) {
	var out []Neighbour
	for _, family := range []int{netlink.FAMILY_V4, netlink.FAMILY_V6} {
		list, err := dump(func() ([]netlink.Neigh, error) { return r.tables.NeighList(0, family) })
		if err != nil {
			return nil, err
		}
		for i := range list {
			if n, ok := neighbourFrom(&list[i]); ok {
				out = append(out, n)
			}
		}
	}
	return out, nil
}

// dump lists again when the table changed under the listing. A table that
// never holds still is taken as last seen: a notice of the next change is on
// its way already.
func dump[T any](list func() ([]T, error)) (out []T, err error) {
	for range 5 {
		out, err = list()
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			return out, err
		}
	}
	return out, nil
}
