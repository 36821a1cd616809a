// SPDX-License-Identifier: Apache-2.0

package play

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"

	"github.com/safchain/ethtool"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// apart runs f on a thread of its own that nothing else will ever use: it may
// change namespaces as it likes, and what it made goes when it ends.
func apart(f func() error) error {
	failed := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with us
		failed <- f()
	}()
	return <-failed
}

// build makes the world of plan.go out of two nameless network namespaces, and
// leaves the thread in the director's. The other one holds nothing but the far
// ends of its wires.
func build() (wires [ports]*wire, err error) {
	outside, err := netns.New()
	if err != nil {
		return wires, fmt.Errorf("make a network namespace: %w", err)
	}
	defer outside.Close()
	if err := set("net/ipv6/conf/default/disable_ipv6", "1"); err != nil { // a wire says nothing of its own
		return wires, err
	}
	director, err := netns.New()
	if err != nil {
		return wires, fmt.Errorf("make a network namespace: %w", err)
	}
	defer director.Close()
	if err := furnish(outside); err != nil {
		return wires, fmt.Errorf("set up the director: %w", err)
	}
	if err := netns.Set(outside); err != nil {
		return wires, fmt.Errorf("go outside: %w", err)
	}
	for port, name := range portNames {
		if wires[port], err = plug(port, "to-"+name); err != nil {
			return wires, err
		}
	}
	return wires, netns.Set(director)
}

// plug brings the far end of a wire up and takes hold of it.
func plug(port int, name string) (*wire, error) {
	l, err := netlink.LinkByName(name)
	if err == nil {
		err = netlink.LinkSetUp(l)
	}
	if err != nil {
		return nil, fmt.Errorf("bring %s up: %w", name, err)
	}
	return openWire(port, name)
}

// settings of the director, as a tutorial has them, or for the sake of exactness.
var settings = [][2]string{
	{"net/ipv6/conf/default/accept_dad", "0"},
	{"net/ipv6/conf/default/accept_ra", "0"},
	{"net/ipv6/conf/default/router_solicitations", "0"},
	{"net/ipv4/ip_forward", "1"},
	{"net/ipv6/conf/all/forwarding", "1"},
	{"net/ipv4/icmp_ratelimit", "0"},
	{"net/ipv6/icmp/ratelimit", "0"},
	{"net/ipv4/conf/all/rp_filter", "0"},
	{"net/ipv4/conf/default/rp_filter", "0"},
	{"net/ipv4/conf/all/send_redirects", "0"},
	{"net/ipv4/conf/default/send_redirects", "0"},
}

// furnish sets the current namespace up as the director.
func furnish(outside netns.NsHandle) error {
	for _, s := range settings {
		if err := set(s[0], s[1]); err != nil {
			return err
		}
	}
	lo, err := netlink.LinkByName("lo")
	if err == nil {
		err = netlink.LinkSetUp(lo)
	}
	if err != nil {
		return err
	}
	for port, name := range portNames {
		if err := attach(outside, port, name); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func set(key, value string) error { return os.WriteFile("/proc/sys/"+key, []byte(value), 0) }

// attach makes a port of the director, and gives it its addresses and
// neighbours.
func attach(outside netns.NsHandle, port int, name string) error {
	m := portMAC(port)
	veth := &netlink.Veth{
		LinkAttrs:     netlink.LinkAttrs{Name: name, HardwareAddr: m[:], MTU: 1500, TxQLen: 1000},
		PeerName:      "to-" + name,
		PeerNamespace: netlink.NsFd(outside),
	}
	if err := netlink.LinkAdd(veth); err != nil {
		return err
	}
	if err := finishSums(name); err != nil {
		return err
	}
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(l); err != nil {
		return err
	}
	for _, e := range plan {
		if e.port == port {
			if err := e.settle(l); err != nil {
				return err
			}
		}
	}
	return nil
}

// finishSums makes the kernel write every checksum itself: a lesson looks at
// them, and a veth would leave them to the other end.
func finishSums(name string) error {
	e, err := ethtool.NewEthtool()
	if err != nil {
		return err
	}
	defer e.Close()
	return e.Change(name, map[string]bool{"tx-checksum-ip-generic": false})
}

// settle gives an interface what one family of a port has.
func (e end) settle(l netlink.Link) error {
	for _, a := range e.locals() {
		addr := &netlink.Addr{IPNet: ipNet(a), Flags: unix.IFA_F_NODAD}
		if err := netlink.AddrAdd(l, addr); err != nil {
			return fmt.Errorf("add %v: %w", a, err)
		}
	}
	for _, a := range e.neighbours() {
		m := mac(a)
		n := &netlink.Neigh{LinkIndex: l.Attrs().Index, State: netlink.NUD_PERMANENT, IP: a.AsSlice(), HardwareAddr: m[:]}
		if err := netlink.NeighSet(n); err != nil {
			return fmt.Errorf("add neighbour %v: %w", a, err)
		}
	}
	if e.port != eth0 {
		return nil
	}
	zero := netip.PrefixFrom(e.own.Addr(), 0).Masked()
	return netlink.RouteAdd(&netlink.Route{LinkIndex: l.Attrs().Index, Dst: ipNet(zero), Gw: e.router.AsSlice()})
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
