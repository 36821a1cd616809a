// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"net/netip"
	"os/exec"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/ulvs/ulvs/host/hosttest"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// namespace puts the test's thread into a new network namespace, for good: the
// thread is never unlocked, so it ends with the test, and the namespace with it.
func namespace(t *testing.T) netns.NsHandle {
	t.Helper()
	runtime.LockOSThread()
	ns, err := netns.New()
	if err != nil {
		t.Skipf("%s: new network namespace: %v: needs root", t.Name(), err)
	}
	t.Cleanup(func() { ns.Close() })
	run(t, "ip link set lo up")
	for _, scope := range []string{"all", "default"} { // ports come soon enough to be used at once
		_ = writeSysctl("net/ipv6/conf/"+scope+"/accept_dad", "0")
	}
	return ns
}

// run carries out a line of the shell in the thread's namespace.
func run(t *testing.T, line string) string {
	t.Helper()
	out, err := exec.Command("/bin/sh", "-c", line).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	return string(out)
}

func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skipf("%s: needs %s", t.Name(), program)
	}
}

// A segment is the classic scene: all on one switch.
//
//	client .1    lvs .2 (and the VIP)    rs1 .11    rs2 .12
//	   e0           e0                      e0         e0
//	   +------------+------- switch ---------+----------+
type segment struct {
	t     *testing.T
	hosts map[string]netns.NsHandle
	macs  map[string]string // link address to host
}

var (
	vip  = netip.MustParseAddr("192.0.2.200")
	vip6 = netip.MustParseAddr("2001:db8::200")
)

var addresses = map[string]string{"client": "192.0.2.1", "lvs": "192.0.2.2", "rs1": "192.0.2.11", "rs2": "192.0.2.12"}

func newSegment(t *testing.T) *segment {
	needs(t, "ip")
	s := &segment{t: t, hosts: map[string]netns.NsHandle{}, macs: map[string]string{}}
	s.hosts["switch"] = namespace(t)
	run(t, "ip link add br0 type bridge && ip link set br0 up")
	for _, name := range []string{"client", "lvs", "rs1", "rs2"} {
		s.plug(name)
	}
	s.enter("lvs")
	run(t, "ip addr add 192.0.2.200/32 dev e0")
	return s
}

// plug adds a host.
func (s *segment) plug(name string) {
	s.t.Helper()
	ns := namespace(s.t)
	s.hosts[name] = ns
	s.enter("switch")
	v := netlink.NewVeth(netlink.LinkAttrs{Name: "p-" + name})
	v.PeerName, v.PeerNamespace = "e0", netlink.NsFd(int(ns))
	must(s.t, netlink.LinkAdd(v))
	run(s.t, "ip link set p-"+name+" master br0 up")
	s.enter(name)
	for _, key := range []string{"arp_ignore", "arp_announce", "rp_filter"} {
		must(s.t, writeSysctl(conf("all", key), "0"))
		must(s.t, writeSysctl(conf("e0", key), "0"))
	}
	run(s.t, "ip addr add "+addresses[name]+"/24 dev e0 && ip link set e0 up")
	l, err := netlink.LinkByName("e0")
	must(s.t, err)
	s.macs[l.Attrs().HardwareAddr.String()] = name
}

// enter makes the thread one of a host.
func (s *segment) enter(name string) {
	s.t.Helper()
	must(s.t, netns.Set(s.hosts[name]))
}

// TestRootless runs the tests that need privilege once more, as an ordinary user.
func TestRootless(t *testing.T) {
	hosttest.Rootless(t, "^(TestCure|TestSetup|TestTeardown|TestDecap)", "TMPDIR=/tmp", "XTABLES_LOCKFILE=/dev/null")
}
