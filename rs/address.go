// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A change of kind addAddress: its name is the virtual address with all of its
// bits, its value the interface that gets it, lo.

// hostRoute is the address as a network of its own. With a shorter prefix lo
// would claim all of its neighbours, and the server would talk to itself.
func hostRoute(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// lookAddress finds out who holds the address.
func lookAddress(c *change) (bool, string, error) {
	all, err := netlink.AddrList(nil, netlink.FAMILY_ALL)
	if err != nil {
		return false, "", err
	}
	want := netip.MustParsePrefix(c.Name)
	for _, a := range all {
		if ip, _ := netip.AddrFromSlice(a.IP); ip.Unmap() != want.Addr() {
			continue
		}
		return true, "", mayHold(&a, want)
	}
	return false, "", nil
}

// mayHold refuses an address that an interface holds which other hosts ask, or
// that claims more than itself.
func mayHold(a *netlink.Addr, want netip.Prefix) error {
	l, err := netlink.LinkByIndex(a.LinkIndex)
	if err != nil {
		return err
	}
	name, flags := l.Attrs().Name, l.Attrs().RawFlags
	remove := fmt.Sprintf("ip address del %v dev %s", a.IPNet, name)
	if bits, _ := a.Mask.Size(); bits != want.Bits() {
		return fmt.Errorf("%s holds it as %v, and so all of that network: %s", name, a.IPNet, remove)
	}
	if flags&(unix.IFF_LOOPBACK|unix.IFF_NOARP) == 0 {
		return fmt.Errorf("%s holds it, and would answer for it: %s", name, remove)
	}
	return nil
}

func doAddress(c *change) error {
	return changeAddress(c, netlink.AddrReplace)
}

func undoAddress(c *change) error {
	err := changeAddress(c, netlink.AddrDel)
	if errors.Is(err, unix.EADDRNOTAVAIL) {
		return nil // gone already
	}
	return err
}

func changeAddress(c *change, how func(netlink.Link, *netlink.Addr) error) error {
	l, err := netlink.LinkByName(c.Value)
	if err != nil {
		return err
	}
	p, err := netip.ParsePrefix(c.Name)
	if err != nil {
		return err
	}
	mask := net.CIDRMask(p.Bits(), p.Addr().BitLen())
	return how(l, &netlink.Addr{IPNet: &net.IPNet{IP: p.Addr().AsSlice(), Mask: mask}})
}

func sayAddress(c *change) string   { return "ip address replace " + c.Name + " dev " + c.Value }
func unsayAddress(c *change) string { return "ip address del " + c.Name + " dev " + c.Value }
