// SPDX-License-Identifier: Apache-2.0

package afpacket_test

import (
	"errors"
	"net"
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// A place is a network namespace of a test, without a name: it is gone when the
// test is.
type place struct {
	t  testing.TB
	ns netns.NsHandle
	nl *netlink.Handle
}

// newPlace makes a namespace, or skips the test where that is forbidden.
func newPlace(t testing.TB) *place {
	t.Helper()
	p := &place{t: t}
	err := apart(func() (err error) {
		if p.ns, err = netns.New(); err != nil {
			return err
		}
		p.nl, err = netlink.NewHandle()
		return err
	})
	if errors.Is(err, os.ErrPermission) {
		t.Skipf("%s needs network namespaces (run it as root): %v", t.Name(), err)
	}
	must(t, err)
	t.Cleanup(func() { p.nl.Close(); _ = p.ns.Close() })
	return p
}

// apart runs f in a thread that ends with it, and whose namespace it may change.
func apart(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		var err error
		defer func() { done <- err }()
		err = f()
	}()
	return <-done
}

// do runs f in the namespace; sockets that it makes stay there.
func (p *place) do(f func() error) {
	p.t.Helper()
	must(p.t, apart(func() error {
		if err := netns.Set(p.ns); err != nil {
			return err
		}
		return f()
	}))
}

func (p *place) link(name string) netlink.Link {
	p.t.Helper()
	l, err := p.nl.LinkByName(name)
	must(p.t, err)
	return l
}

// addr gives an interface an address, usable at once.
func (p *place) addr(name, cidr string) {
	p.t.Helper()
	a, err := netlink.ParseAddr(cidr)
	must(p.t, err)
	a.Flags = unix.IFA_F_NODAD
	must(p.t, p.nl.AddrAdd(p.link(name), a))
}

// silence keeps the kernel from speaking IPv6 of its own accord.
func (p *place) silence() {
	p.t.Helper()
	p.do(func() error {
		return os.WriteFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", []byte("1"), 0)
	})
}

func (p *place) mac(name string) net.HardwareAddr { return p.link(name).Attrs().HardwareAddr }

// wire is a cable between two places, its ends up.
func wire(a *place, nameA string, b *place, nameB string, mtu int) {
	a.t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU = nameA, mtu
	veth := &netlink.Veth{LinkAttrs: attrs, PeerName: nameB, PeerNamespace: netlink.NsFd(int(b.ns)), PeerMTU: uint32(mtu)}
	must(a.t, a.nl.LinkAdd(veth))
	must(a.t, a.nl.LinkSetUp(a.link(nameA)))
	must(a.t, b.nl.LinkSetUp(b.link(nameB)))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
