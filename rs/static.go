// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// NeighbourStep is the third cure, to be typed on the gateway and on every other
// host of the segment that sends to the virtual address: with a permanent entry
// they never ask, and believe no answer. Device is their interface.
func NeighbourStep(vip netip.Addr, director, device string) Step {
	return Step{
		Why:     "On the gateway, and on whoever else of this segment sends to the VIP:\nknow the director for good, ask nobody and believe nobody.",
		Command: fmt.Sprintf("ip neigh replace %v lladdr %s nud permanent dev %s", vip, director, device),
	}
}

// LinkAddress is the link-level address of a host on this segment, which is
// asked if the kernel does not know it.
func LinkAddress(ctx context.Context, host netip.Addr) (net.HardwareAddr, error) {
	news, done := make(chan netlink.NeighUpdate), make(chan struct{})
	defer close(done)
	err := netlink.NeighSubscribeWithOptions(news, done, netlink.NeighSubscribeOptions{ListExisting: true})
	if err != nil {
		return nil, fmt.Errorf("watch neighbours: %w", err)
	}
	if err := disturb(host); err != nil {
		return nil, err
	}
	for {
		select {
		case n, ok := <-news:
			if !ok {
				return nil, errors.New("watch neighbours: the kernel ended it")
			}
			if a, _ := netip.AddrFromSlice(n.IP); a.Unmap() == host.Unmap() && len(n.HardwareAddr) == 6 {
				return n.HardwareAddr, nil
			}
		case <-ctx.Done():
			return nil, fmt.Errorf("ask for the link address of %v: %w: is it on this segment?", host, ctx.Err())
		}
	}
}

// disturb sends the host something that makes the kernel ask for it: an empty
// datagram to the discard port.
func disturb(host netip.Addr) error {
	c, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(netip.AddrPortFrom(host, 9)))
	if err != nil {
		return fmt.Errorf("ask for the link address of %v: %w", host, err)
	}
	defer c.Close()
	_, _ = c.Write(nil)
	return nil
}
