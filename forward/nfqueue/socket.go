// SPDX-License-Identifier: Apache-2.0

package nfqueue

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// The messages of nfnetlink_queue, and the attributes that we know. A message
// is a netlink header in the machine's byte order, the four bytes family,
// version and queue number, and attributes, whose numbers are big-endian.
const (
	msgPacket       = unix.NFNL_SUBSYS_QUEUE << 8
	msgVerdict      = msgPacket | 1
	msgConfig       = msgPacket | 2
	msgVerdictBatch = msgPacket | 3 // of all packets up to an id

	cfgCommand = 1 // command 1, pad 1, protocol family 2
	cfgParams  = 2 // bytes to copy 4, mode 1
	cfgMaxLen  = 3

	commandBind = 1
	copyPacket  = 2

	headLen = unix.SizeofNlMsghdr + 4
	attrLen = unix.SizeofNlAttr
)

// Queue numbers are anybody's; we take the first that is free of these.
const (
	firstNumber = 52400
	numbers     = 16
)

// maxWaiting is how many packets the kernel holds at most, those that wait to be
// received and those that wait for our word. What is too much it drops: it
// could also pass it, but then the host would answer for us, and end a
// connection that only had to slow down.
const maxWaiting = 4096

// recvBuf is how many bytes of packets may wait to be received.
const recvBuf = 16 << 20

var native, be = binary.NativeEndian, binary.BigEndian

// bindQueue is a socket to which a queue of that number delivers.
func bindQueue() (fd int, number uint16, err error) {
	fd, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_NETFILTER)
	if err != nil {
		return -1, 0, err
	}
	if err = unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err == nil {
		number, err = firstFree(fd)
	}
	if err == nil {
		err = prepare(fd, number)
	}
	if err != nil {
		return -1, 0, errors.Join(err, unix.Close(fd))
	}
	return fd, number, nil
}

// firstFree binds the socket to a queue that nobody has.
func firstFree(fd int) (uint16, error) {
	var err error
	for n := uint16(firstNumber); n < firstNumber+numbers; n++ {
		err = configure(fd, n, attribute(nil, cfgCommand, commandBind, 0, 0, 0))
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, unix.EINVAL), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EPROTONOSUPPORT):
			return 0, fmt.Errorf("%w: this kernel has no nfnetlink_queue (CONFIG_NETFILTER_NETLINK_QUEUE): let ulvs mark", err)
		case !errors.Is(err, unix.EBUSY) && !errors.Is(err, unix.EPERM): // either says that another has it
			return 0, err
		}
	}
	return 0, fmt.Errorf("bind one of the queues %d to %d: %w: this needs CAP_NET_ADMIN in this network namespace, and a queue that no other program has",
		firstNumber, firstNumber+numbers-1, err)
}

// prepare has the queue deliver whole packets, and makes room for them.
func prepare(fd int, number uint16) error {
	params := attribute(nil, cfgParams, 0, 0, 0, 0, copyPacket) // no bytes: as many as there are
	params = attribute(params, cfgMaxLen, be.AppendUint32(nil, maxWaiting)...)
	if err := configure(fd, number, params); err != nil {
		return fmt.Errorf("set up queue %d: %w", number, err)
	}
	if unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, recvBuf) != nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, recvBuf) // as much as may be had
	}
	if err := unix.SetsockoptInt(fd, unix.SOL_NETLINK, unix.NETLINK_NO_ENOBUFS, 1); err != nil {
		return fmt.Errorf("set NETLINK_NO_ENOBUFS: %w", err)
	}
	return nil
}

// configure sends one message about the queue and waits for the answer.
func configure(fd int, number uint16, attributes []byte) error {
	m := head(nil, msgConfig, unix.NLM_F_REQUEST|unix.NLM_F_ACK, number)
	m = append(m, attributes...)
	native.PutUint32(m, uint32(len(m)))
	if err := unix.Sendto(fd, m, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return err
	}
	b := make([]byte, 1<<16+4096) // the answer, and before it perhaps a packet
	for {
		n, _, err := unix.Recvfrom(fd, b, 0)
		switch {
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return err
		case n >= unix.SizeofNlMsghdr+4 && native.Uint16(b[4:]) == unix.NLMSG_ERROR:
			if code := int32(native.Uint32(b[unix.SizeofNlMsghdr:])); code != 0 {
				return unix.Errno(-code)
			}
			return nil
		}
	}
}

// head begins a message; its length is filled in when it is known.
func head(m []byte, kind, flags, number uint16) []byte {
	m = append(m, 0, 0, 0, 0)
	m = native.AppendUint16(m, kind)
	m = native.AppendUint16(m, flags)
	m = append(m, 0, 0, 0, 0, 0, 0, 0, 0) // sequence and port: nobody asks
	m = append(m, unix.AF_UNSPEC, unix.NFNETLINK_V0)
	return be.AppendUint16(m, number)
}

// attribute appends one, padded to four bytes.
func attribute(m []byte, kind uint16, data ...byte) []byte {
	m = native.AppendUint16(m, uint16(attrLen+len(data)))
	m = native.AppendUint16(m, kind)
	m = append(m, data...)
	return append(m, make([]byte, -len(data)&3)...)
}
