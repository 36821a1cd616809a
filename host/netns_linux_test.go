// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
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

// TestRootless runs the tests that need privilege once more, as root of a user
// namespace who is uid 65534 outside: what an ordinary user has.
func TestRootless(t *testing.T) {
	const mark = "ULVS_HOST_ROOTLESS"
	if os.Getenv(mark) != "" {
		return
	}
	if os.Getuid() != 0 {
		t.Skip("TestRootless: needs root, to become another user")
	}
	// By its file in /proc: the directory go test built it in is root's alone.
	c := exec.Command("/proc/self/exe", "-test.run=^(TestWatch|TestGuard|TestIneffective|TestMark|TestLegacyPrints|TestOffloads)", "-test.v")
	c.Env = append(os.Environ(), mark+"=1")
	nobody := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 65534, Size: 1}}
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNET, Credential: &syscall.Credential{},
		UidMappings: nobody, GidMappings: nobody,
	}
	out, err := c.CombinedOutput()
	if failed := new(exec.ExitError); errors.As(err, &failed) {
		t.Fatalf("as uid 65534: %v\n%s", err, out)
	}
	if err != nil {
		t.Skipf("TestRootless: new user namespace: %v", err)
	}
	t.Logf("%s", out)
}
