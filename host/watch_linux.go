// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// settle is how long a notice waits for others: what changes, changes in
// bursts, and each notice means reading whole tables.
const settle = 20 * time.Millisecond

// groups are the notices that mean a snapshot is out of date.
var groups = [...]uint32{
	unix.RTNLGRP_LINK, unix.RTNLGRP_NEIGH, unix.RTNLGRP_NEXTHOP,
	unix.RTNLGRP_IPV4_IFADDR, unix.RTNLGRP_IPV4_ROUTE, unix.RTNLGRP_IPV4_NETCONF,
	unix.RTNLGRP_IPV6_IFADDR, unix.RTNLGRP_IPV6_ROUTE, unix.RTNLGRP_IPV6_NETCONF,
}

// Watch gives tell a first snapshot at once, and another after each change,
// until ctx ends or the kernel refuses. It watches the network namespace in
// which it is called. Notices only ring; the tables are then read afresh, so
// that a lost notice (ENOBUFS) is no more than a ring.
func Watch(ctx context.Context, tell func(*Snapshot)) error {
	r, bell, err := openWatch()
	if err != nil {
		return fmt.Errorf("watch the host: %w", err)
	}
	defer r.close()
	rings := make(chan scope, 1)
	go ring(bell, rings)
	stop := context.AfterFunc(ctx, func() { _ = bell.Close() })
	defer stop()
	defer bell.Close()
	if err := follow(ctx, r, rings, tell); err != nil {
		return fmt.Errorf("watch the host: %w", err)
	}
	return nil
}

// openWatch opens all sockets on one thread, and so in one namespace. The bell
// hears before the first reading, so nothing falls between.
func openWatch() (*reader, *netlink.Conn, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	bell, err := netlink.Dial(unix.NETLINK_ROUTE, nil)
	if err != nil {
		return nil, nil, err
	}
	for _, g := range groups {
		if err := bell.JoinGroup(g); err != nil && g != unix.RTNLGRP_NEXTHOP {
			_ = bell.Close()
			return nil, nil, err
		}
	}
	_ = bell.SetReadBuffer(1 << 20) // a wish; a small buffer costs only a reading
	r, err := newReader()
	if err != nil {
		_ = bell.Close()
	}
	return r, bell, err
}

// A scope is how much of a snapshot may have changed.
type scope int

const (
	neighboursOnly scope = iota + 1
	everything
)

// ring passes on what the kernel's notices are about until bell is closed, and
// then closes rings. It never waits: what is not yet taken is merged.
func ring(bell *netlink.Conn, rings chan scope) {
	defer close(rings)
	for {
		msgs, err := bell.Receive()
		if err != nil && !errors.Is(err, unix.ENOBUFS) {
			return
		}
		s := about(msgs, err != nil)
		select {
		case old := <-rings:
			s = max(s, old)
		default:
		}
		rings <- s
	}
}

// about is what the notices are about. Anything but a neighbour may move
// routes: IPv4 routes go with their interface or address without a notice.
func about(msgs []netlink.Message, lost bool) scope {
	other := func(m netlink.Message) bool {
		return m.Header.Type != unix.RTM_NEWNEIGH && m.Header.Type != unix.RTM_DELNEIGH
	}
	if lost || slices.ContainsFunc(msgs, other) {
		return everything
	}
	return neighboursOnly
}
