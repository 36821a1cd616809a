// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"net"

	"github.com/vishvananda/netlink"
)

// A change of kind linkUp: its name is an interface that must be up.

func lookLink(c *change) (bool, string, error) {
	l, err := netlink.LinkByName(c.Name)
	if err != nil {
		return false, "", err
	}
	return l.Attrs().Flags&net.FlagUp != 0, "", nil
}

func doLink(c *change) error {
	l, err := netlink.LinkByName(c.Name)
	if err != nil {
		return err
	}
	return netlink.LinkSetUp(l)
}

// undoLink sets the interface down. One that is gone needs nothing.
func undoLink(c *change) error {
	l, err := netlink.LinkByName(c.Name)
	if err != nil {
		return nil
	}
	return netlink.LinkSetDown(l)
}

func sayLink(c *change) string   { return "ip link set " + c.Name + " up" }
func unsayLink(c *change) string { return "ip link set " + c.Name + " down" }
