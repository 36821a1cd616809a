// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"errors"
	"fmt"
	"net"

	mdlayher "github.com/mdlayher/packet"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// A socket hears its interface from the moment it is bound, but until it has
// its ring we could not take the frames. So it is bound deaf, prepared, and
// only then told to listen.

// deafSocket is a packet socket that is bound to the interface and accepts
// nothing.
func deafSocket(ifi *net.Interface) (int, error) {
	nothing, err := bpf.Assemble([]bpf.Instruction{bpf.RetConstant{Val: 0}})
	if err != nil {
		return -1, err
	}
	c, err := mdlayher.Listen(ifi, mdlayher.Raw, unix.ETH_P_ALL, &mdlayher.Config{Filter: nothing})
	if err != nil {
		return -1, err
	}
	defer c.Close() // we keep the socket by a descriptor of our own
	return duplicate(c)
}

func duplicate(c *mdlayher.Conn) (fd int, err error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return -1, err
	}
	control := raw.Control(func(old uintptr) { fd, err = unix.FcntlInt(old, unix.F_DUPFD_CLOEXEC, 0) })
	if control != nil {
		err = control
	}
	if err != nil {
		return -1, fmt.Errorf("duplicate a socket: %w", err)
	}
	return fd, nil
}

// widen makes room in the socket's queue for the super-frames of a lane. It
// reports false where that is refused.
func widen(fd int, cfg Config) bool {
	n := cfg.RecvBuf
	if n == 0 {
		n = defaultRecvBuf
	}
	return !cfg.NoForce && unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, n) == nil
}

// prepare sets what must be set before there is a ring.
func prepare(fd int) error {
	options := []struct {
		name       string
		opt, value int
	}{
		{"PACKET_VERSION", unix.PACKET_VERSION, unix.TPACKET_V2},
		{"PACKET_VNET_HDR", unix.PACKET_VNET_HDR, 1},
		{"PACKET_RESERVE", unix.PACKET_RESERVE, reserve},
		{"PACKET_IGNORE_OUTGOING", unix.PACKET_IGNORE_OUTGOING, 1},
	}
	for _, o := range options {
		if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, o.opt, o.value); err != nil {
			return fmt.Errorf("set %s: %w (Linux has it since 4.20)", o.name, err)
		}
	}
	return nil
}

// hearGroups lets the device pass on all that is sent to groups, so that we
// hear who asks for an IPv6 address of ours that the host does not have. It
// ends with the socket.
func hearGroups(fd, ifindex int) error {
	m := unix.PacketMreq{Ifindex: int32(ifindex), Type: unix.PACKET_MR_ALLMULTI}
	if err := unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, &m); err != nil {
		return fmt.Errorf("hear groups: %w", err)
	}
	return nil
}

// listen empties the queue and then lets frames in.
func listen(fd int) error {
	var b [1]byte
	for {
		if _, errno := receive(fd, b[:]); errno == unix.EAGAIN {
			break
		} else if errno != 0 {
			return fmt.Errorf("empty a new socket: %w", errno)
		}
	}
	everything := []unix.SockFilter{{Code: unix.BPF_RET | unix.BPF_K, K: 0x40000}}
	prog := unix.SockFprog{Len: uint16(len(everything)), Filter: &everything[0]}
	if err := unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &prog); err != nil {
		return fmt.Errorf("let frames in: %w", err)
	}
	return nil
}

// sendBuf is how many bytes may be on their way through one sending socket: a
// lane of super-frames, and what the device still holds.
const sendBuf = 8 << 20

// sender is a packet socket that only sends, with those packet options on:
// protocol 0 receives nothing.
func sender(ifindex int, options ...int) (int, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, fmt.Errorf("make a sending socket: %w", err)
	}
	for _, o := range options {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.SOL_PACKET, o, 1))
	}
	if err == nil {
		err = unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: ifindex})
	}
	if err != nil {
		_ = unix.Close(fd)
		return -1, fmt.Errorf("set up a sending socket: %w", err)
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUFFORCE, sendBuf) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, sendBuf) // as much as may be had
	}
	return fd, nil
}
