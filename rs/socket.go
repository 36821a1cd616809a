// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A socket receives outer packets of one kind.
//
// Raw sockets do what a tunnel module does otherwise: the kernel has put
// fragments together and checked the outer header, firewall rules have been
// heeded, and since somebody wants the protocol, it sends no ICMP error
// "protocol unreachable". For GUE the socket is UDP's, and takes datagrams that
// the kernel has merged.
type socket struct {
	fd     int
	family int
	wrap   wrap
	header bool // what is received begins with the outer header, as in IPv4
}

// raws are the raw sockets: family, protocol, and what it carries.
var raws = []struct {
	family, proto int
	wrap          wrap
}{
	{unix.AF_INET, unix.IPPROTO_IPIP, wrapIPIP},
	{unix.AF_INET, unix.IPPROTO_IPV6, wrapIPIP},
	{unix.AF_INET, unix.IPPROTO_GRE, wrapGRE},
	{unix.AF_INET6, unix.IPPROTO_IPIP, wrapIPIP},
	{unix.AF_INET6, unix.IPPROTO_IPV6, wrapIPIP},
	{unix.AF_INET6, unix.IPPROTO_GRE, wrapGRE},
}

// openSockets opens all there are. A host without IPv6 has half of them.
func openSockets(gue []uint16) (all []*socket, err error) {
	add := func(s *socket, err error) error {
		if s != nil {
			all = append(all, s)
		}
		if errors.Is(err, unix.EAFNOSUPPORT) {
			return nil
		}
		return err
	}
	for _, r := range raws {
		if err := add(openRaw(r.family, r.proto, r.wrap)); err != nil {
			return all, fmt.Errorf("receive protocol %d: %w", r.proto, unsupported(err))
		}
	}
	for _, port := range gue {
		for _, family := range []int{unix.AF_INET, unix.AF_INET6} {
			if err := add(openUDP(family, port)); err != nil {
				return all, fmt.Errorf("receive GUE on port %d: %w", port, unsupported(err))
			}
		}
	}
	return all, nil
}

func openRaw(family, proto int, w wrap) (*socket, error) {
	fd, err := unix.Socket(family, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, proto)
	if err != nil {
		return nil, err
	}
	s := &socket{fd: fd, family: family, wrap: w, header: family == unix.AF_INET}
	return s, s.prepare()
}

func openUDP(family int, port uint16) (*socket, error) {
	fd, err := unix.Socket(family, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	s := &socket{fd: fd, family: family, wrap: wrapGUE}
	_ = unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_GRO, 1) // since Linux 5.0; without it, one by one
	var here unix.Sockaddr = &unix.SockaddrInet4{Port: int(port)}
	if family == unix.AF_INET6 {
		here = &unix.SockaddrInet6{Port: int(port)}
		err = errors.Join(unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1),
			unix.SetsockoptInt(fd, unix.SOL_UDP, unix.UDP_NO_CHECK6_RX, 1)) // tunnels may come without
	}
	return s, errors.Join(err, s.prepare(), unix.Bind(fd, here))
}

// receiveBuffer has room for a burst: what TCP sends before it hears of a loss.
const receiveBuffer = 8 << 20

// prepare asks for a large queue, and for the traffic class where the outer
// header does not come along.
func (s *socket) prepare() error {
	if unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, receiveBuffer) != nil {
		_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_RCVBUF, receiveBuffer) // as much as is allowed
	}
	if s.family == unix.AF_INET6 {
		return unix.SetsockoptInt(s.fd, unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS, 1)
	}
	return unix.SetsockoptInt(s.fd, unix.IPPROTO_IP, unix.IP_RECVTOS, 1)
}

// overflow is how many packets the queue had no room for.
func (s *socket) overflow() uint64 {
	const dropped = 8 // index in the kernel's list of figures
	var figures [dropped + 1]uint32
	size := uint32(unsafe.Sizeof(figures))
	_, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(s.fd), unix.SOL_SOCKET, unix.SO_MEMINFO,
		uintptr(unsafe.Pointer(&figures)), uintptr(unsafe.Pointer(&size)), 0)
	if e != 0 {
		return 0
	}
	return uint64(figures[dropped])
}
