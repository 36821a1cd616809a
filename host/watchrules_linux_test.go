// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/mdlayher/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// TestWatchRules changes rules in each of the ways there are, and waits for the
// ring.
func TestWatchRules(t *testing.T) {
	needs(t, "nft")
	needs(t, "iptables-legacy")
	t.Setenv("XTABLES_LOCKFILE", t.TempDir()+"/lock") // that in /run is root's
	ns := namespace(t)
	run(t, "nft add table inet m")
	rings := watchRules(t, ns)
	awaitRing(t, rings, "the first") // the watch is up
	for _, command := range []string{
		"nft add chain inet m p",
		"nft add rule inet m p drop",
		"iptables-nft -t mangle -A PREROUTING -j MARK --set-mark 1",
		"iptables-nft -t mangle -F",
		"iptables-legacy -t mangle -A PREROUTING -j MARK --set-mark 1",
		"iptables-legacy -t mangle -R PREROUTING 1 -j MARK --set-mark 2",
		"ip6tables-legacy -t mangle -A PREROUTING -j MARK --set-mark 1",
		"iptables-legacy -t mangle -F",
	} {
		for len(rings) > 0 {
			<-rings // one command may ring more than once
		}
		run(t, command)
		awaitRing(t, rings, command)
	}
}

// TestLegacyPrintsIgnoreCounters sends packets through a rule.
func TestLegacyPrintsIgnoreCounters(t *testing.T) {
	needs(t, "iptables-legacy")
	t.Setenv("XTABLES_LOCKFILE", t.TempDir()+"/lock")
	namespace(t)
	run(t, "ip link set lo up; iptables-legacy -A OUTPUT -j ACCEPT")
	p := newLegacyPrints()
	c, err := net.Dial("udp4", "127.0.0.1:9")
	must(t, err)
	defer c.Close()
	_, err = c.Write([]byte("counted"))
	must(t, err)
	run(t, "iptables-legacy-save -c | grep '^.[1-9]'")
	if p.changed() {
		t.Error("a packet was taken for a change")
	}
	run(t, "iptables-legacy -A OUTPUT -j DROP")
	if !p.changed() {
		t.Error("a rule was not noticed")
	}
}

// TestAboutOthers tells our tables' notices from others'.
func TestAboutOthers(t *testing.T) {
	for table, want := range map[string]bool{"ulvs": false, "ulvs_marks": false, "ulvs2": true, "filter": true} {
		attrs, err := netlink.MarshalAttributes([]netlink.Attribute{{Type: unix.NFTA_RULE_TABLE, Data: append([]byte(table), 0)}})
		must(t, err)
		m := netlink.Message{Data: append(make([]byte, 4), attrs...)}
		m.Header.Type = unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_NEWRULE
		if aboutOthers(m) != want {
			t.Errorf("a notice about table %s: %v", table, !want)
		}
	}
}

func watchRules(t *testing.T, ns netns.NsHandle) <-chan bool {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	rings, ended := make(chan bool, 100), make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		err := netns.Set(ns)
		if err == nil {
			err = WatchRules(ctx, func() { rings <- true })
		}
		ended <- err
	}()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return rings
}

func awaitRing(t *testing.T, rings <-chan bool, after string) {
	t.Helper()
	select {
	case <-rings:
	case <-time.After(5 * time.Second):
		t.Fatalf("no ring after %s", after)
	}
}
