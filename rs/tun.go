// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"unsafe"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A tun is a TUN device: what is written to it, the kernel receives. It goes
// when it is closed, and its settings with it.
type tun struct {
	fd  int
	iov []unix.Iovec
}

// openTun makes the device and lets packets in by it.
func openTun(name string) (*tun, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open /dev/net/tun: %w: its mode may keep you out (0666 is common, and safe), or it is missing: modprobe tun", err)
	}
	t := &tun{fd: fd, iov: make([]unix.Iovec, 0, 1024)}
	if err := errors.Join(t.create(name), receiveBy(name)); err != nil {
		return nil, errors.Join(fmt.Errorf("make the device %s: %w", name, err), t.close())
	}
	return t, nil
}

func (t *tun) create(name string) error {
	req, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	if err := unix.IoctlIfreq(t.fd, unix.TUNSETIFF, req); err != nil {
		if errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("%w: another ulvs rs decap runs here", err)
		}
		return err
	}
	return unix.IoctlSetPointerInt(t.fd, unix.TUNSETVNETHDRSZ, len(vnetHeader{}))
}

// notOneOfMany is an address for the device that no host has for another.
// Loose filtering by the way back drops all that comes in by a device without
// any address; this one says nothing to anybody.
var notOneOfMany = net.IPNet{IP: net.IPv4(127, 4, 41, 47).To4(), Mask: net.CIDRMask(32, 32)}

// receiveBy sets the device up, so that the kernel takes what comes by it: no
// filtering by the way back, since answers leave by the wire. Where "all"
// filters, the device cannot but filter, too; then as loosely as there is.
func receiveBy(name string) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return err
	}
	filter := "0"
	if all, _ := readSysctl(conf("all", "rp_filter")); all != "0" && all != "" {
		filter = "2"
		if err := netlink.AddrAdd(l, &netlink.Addr{IPNet: &notOneOfMany, Scope: int(netlink.SCOPE_HOST)}); err != nil {
			return fmt.Errorf("give it an address: %w", err)
		}
	}
	if err := writeSysctl(conf(name, "rp_filter"), filter); err != nil {
		return err
	}
	// It has nobody to speak to; a kernel without IPv6 has no such setting.
	_ = writeSysctl("net/ipv6/conf/"+name+"/addr_gen_mode", "1")
	if err := netlink.LinkSetUp(l); err != nil {
		return fmt.Errorf("set it up: %w", err)
	}
	return nil
}

// write hands the kernel one packet in pieces.
func (t *tun) write(h *vnetHeader, pieces [][]byte) error {
	t.iov = append(t.iov[:0], unix.Iovec{Base: &h[0]})
	t.iov[0].SetLen(len(h))
	for i, b := range pieces {
		t.iov = append(t.iov, unix.Iovec{Base: &b[0]})
		t.iov[i+1].SetLen(len(b))
	}
	for {
		_, _, e := unix.Syscall(unix.SYS_WRITEV, uintptr(t.fd), uintptr(unsafe.Pointer(&t.iov[0])), uintptr(len(t.iov)))
		runtime.KeepAlive(pieces)
		switch e {
		case 0:
			return nil
		case unix.EINTR:
			continue
		}
		return e
	}
}

func (t *tun) close() error { return unix.Close(t.fd) }

// busyKernel refuses to unwrap what the kernel unwraps already: the host would
// get everything twice.
func busyKernel() error {
	links, err := netlink.LinkList()
	if err != nil {
		return fmt.Errorf("list the interfaces: %w", err)
	}
	for _, l := range links {
		if a := l.Attrs(); isTunnel(a.Name) && a.Flags&net.FlagUp != 0 {
			return fmt.Errorf("this kernel unwraps by itself, with %s: use that, or: ip link set %s down", a.Name, a.Name)
		}
	}
	return nil
}

// unsupported explains why a socket could not be opened.
func unsupported(err error) error {
	switch {
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("%w: needs root, or a network namespace of your own", err)
	case errors.Is(err, unix.EADDRINUSE):
		return fmt.Errorf("%w: another program has it, or the kernel: ip fou show", err)
	}
	return err
}
