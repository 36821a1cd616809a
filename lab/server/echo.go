// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// echoTCP gives back what each client sends.
func echoTCP(l net.Listener) error {
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		go func() {
			_, _ = io.Copy(c, c)
			_ = c.Close()
		}()
	}
}

// listenUDP opens a port on all addresses, and asks the kernel to tell of each
// datagram to which of them it came.
func listenUDP(port string) (*net.UDPConn, error) {
	addr, err := net.ResolveUDPAddr("udp4", port)
	if err != nil {
		return nil, err
	}
	c, err := net.ListenUDP("udp4", addr)
	if err != nil {
		return nil, err
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	var set error
	err = raw.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_PKTINFO, 1) })
	if err = errors.Join(err, set); err != nil {
		return nil, errors.Join(fmt.Errorf("ask for the addresses of datagrams: %w", err), c.Close())
	}
	return c, nil
}

// echoUDP gives back each datagram, from the address that it came to: in mode
// dr that is the VIP, and the client would not know another.
func echoUDP(c *net.UDPConn) error {
	b, oob := make([]byte, 1<<16), make([]byte, unix.CmsgSpace(unix.SizeofInet4Pktinfo))
	for {
		n, oobn, _, from, err := c.ReadMsgUDPAddrPort(b, oob)
		if err != nil {
			return err
		}
		_, _, err = c.WriteMsgUDPAddrPort(b[:n], fromThere(oob[:oobn]), from)
		if err != nil && errors.Is(err, syscall.EBADF) {
			return err
		}
	}
}

// fromThere turns the kernel's word on where a datagram came to into ours on
// where the answer comes from; the kernel chooses the way.
func fromThere(oob []byte) []byte {
	messages, err := unix.ParseSocketControlMessage(oob)
	if err != nil {
		return nil
	}
	for _, m := range messages {
		if m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo {
			var to unix.Inet4Pktinfo
			copy(to.Spec_dst[:], m.Data[8:12]) // ipi_addr: the header's destination
			return unix.PktInfo4(&to)
		}
	}
	return nil
}
