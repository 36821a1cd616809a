// SPDX-License-Identifier: Apache-2.0

package host

import (
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/ulvs/ulvs/host/hosttest"
)

// namespace puts the test's thread into a new network namespace, for good: the
// thread is never unlocked, so it ends with the test. Everything in it goes
// with it.
func namespace(t *testing.T) netns.NsHandle {
	t.Helper()
	runtime.LockOSThread()
	ns, err := netns.New()
	if err != nil {
		t.Skipf("%s: new network namespace: %v: needs root", t.Name(), err)
	}
	t.Cleanup(func() { ns.Close() })
	return ns
}

// veth makes a pair of up interfaces and gives them back.
func veth(t *testing.T, a, b string) (netlink.Link, netlink.Link) {
	t.Helper()
	v := netlink.NewVeth(netlink.LinkAttrs{Name: a, TxQLen: 1000})
	v.PeerName = b
	must(t, netlink.LinkAdd(v))
	return up(t, a), up(t, b)
}

func up(t *testing.T, name string) netlink.Link {
	t.Helper()
	l, err := netlink.LinkByName(name)
	must(t, err)
	must(t, netlink.LinkSetUp(l))
	return l
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestRootless runs the tests that need privilege once more, as an ordinary user.
func TestRootless(t *testing.T) {
	hosttest.Rootless(t, "^(TestWatch|TestGuard|TestIneffective|TestMark|TestLegacyPrints|TestOffloads)")
}
