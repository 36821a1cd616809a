// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// legacyPace is how often iptables-legacy's rules are looked at: of changes
// among them the kernel tells nobody.
const legacyPace = time.Second

// WatchRules calls tell once at first, and after each change of the rules of
// nftables and iptables, our own tables excepted, until ctx ends: then a
// Marking may be out of date. It watches the network namespace in which it is
// called.
func WatchRules(ctx context.Context, tell func()) error {
	runtime.LockOSThread() // iptables-legacy's rules are asked for from here
	defer runtime.UnlockOSThread()
	bell, err := rulesBell()
	if err != nil {
		return fmt.Errorf("watch the host's rules: %w", err)
	}
	rings := make(chan scope, 1)
	go ringRules(bell, rings)
	stop := context.AfterFunc(ctx, func() { _ = bell.Close() })
	defer stop()
	defer bell.Close()
	legacy := newLegacyPrints()
	pace := time.NewTicker(legacyPace)
	defer pace.Stop()
	for tell(); ; tell() {
		if !awaitRules(ctx, rings, pace.C, legacy) {
			break
		}
	}
	if ctx.Err() == nil {
		return errors.New("watch the host's rules: netlink ended")
	}
	return nil
}

// awaitRules returns when rules have changed; false: the end.
func awaitRules(ctx context.Context, rings <-chan scope, pace <-chan time.Time, legacy *legacyPrints) bool {
	for {
		select {
		case _, ok := <-rings:
			return ok && settled(ctx, rings)
		case <-pace:
			if legacy.changed() {
				return true
			}
		case <-ctx.Done():
			return false
		}
	}
}

// settled waits until what changes in a burst has changed; false: the end.
func settled(ctx context.Context, rings <-chan scope) bool {
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return false
	}
	select {
	case _, ok := <-rings:
		return ok
	default:
		return true
	}
}

// rulesBell hears what happens to tables, chains, rules and sets of nftables.
func rulesBell() (*netlink.Conn, error) {
	bell, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, err
	}
	if err := bell.JoinGroup(unix.NFNLGRP_NFTABLES); err != nil {
		return nil, errors.Join(err, bell.Close())
	}
	_ = bell.SetReadBuffer(1 << 20) // a wish; a small buffer costs only a reading
	return bell, nil
}

// ringRules passes on notices about others' tables until bell is closed, and
// then closes rings.
func ringRules(bell *netlink.Conn, rings chan<- scope) {
	defer close(rings)
	for {
		msgs, err := bell.Receive()
		lost := errors.Is(err, unix.ENOBUFS)
		if err != nil && !lost {
			return
		}
		for _, m := range msgs {
			lost = lost || aboutOthers(m)
		}
		if !lost {
			continue
		}
		select {
		case rings <- everything:
		default: // it rings already
		}
	}
}

// aboutOthers reports whether a notice is about a table that is not ours. All
// that belong to a table name it in their first attribute.
func aboutOthers(m netlink.Message) bool {
	const head, newGeneration = 4, unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWGEN
	if m.Header.Type == newGeneration || len(m.Data) < head {
		return false
	}
	attrs, err := netlink.UnmarshalAttributes(m.Data[head:])
	for _, a := range attrs {
		if a.Type == unix.NFTA_TABLE_NAME {
			return !ours(strings.TrimRight(string(a.Data), "\x00"))
		}
	}
	return err == nil
}

// ours reports whether a table of that name is one of the director's.
func ours(table string) bool { return table == guardTable || table == marksTable }
