// SPDX-License-Identifier: Apache-2.0

package nfqueue

import (
	"unsafe"

	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

// slotCount is how many packets one Recv can lend, slotLen the bytes for each:
// headroom, the message's own words before the packet, the longest packet.
const (
	slotCount = 64
	slotLen   = packet.Headroom + sizeEthernet + 512 + 1<<16

	sizeEthernet = 14
)

// Slots are memory for a batch of messages, and how the kernel is told of it.
type slots struct {
	mem  []byte
	msgs []message
	iovs []unix.Iovec
}

// A message is the kernel's struct mmsghdr.
type message struct {
	head unix.Msghdr
	len  uint32
	_    [unsafe.Sizeof(uintptr(0)) - 4]byte
}

func newSlots() slots {
	s := slots{
		mem:  make([]byte, slotCount*slotLen),
		msgs: make([]message, slotCount),
		iovs: make([]unix.Iovec, slotCount),
	}
	for i := range s.msgs {
		room := s.slot(i)[packet.Headroom+sizeEthernet:]
		s.iovs[i].Base = &room[0]
		s.iovs[i].SetLen(len(room))
		s.msgs[i].head.Iov = &s.iovs[i]
		s.msgs[i].head.SetIovlen(1)
	}
	return s
}

func (s *slots) slot(i int) []byte { return s.mem[i*slotLen : (i+1)*slotLen : (i+1)*slotLen] }

// receive fills slots with messages, n at most, and never waits.
func (s *slots) receive(fd, n int) (int, unix.Errno) {
	got, _, errno := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&s.msgs[0])), uintptr(n),
		unix.MSG_DONTWAIT, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(got), 0
}

// Recv lends the packets that wait, as forward.Link says. Those of the last
// batch that Pass did not name are dropped now: whoever had them has sent them
// on. Mark is the mark, Port is by which of the ports the packet came.
func (l *Link) Recv(batch []packet.Packet) (int, error) {
	l.settle()
	got, errno := l.in.receive(l.fd, min(len(batch), slotCount))
	switch errno {
	case 0, unix.EAGAIN, unix.EINTR, unix.ENOBUFS:
	default:
		return 0, errno
	}
	for i := range got {
		if l.lend(&batch[l.lent], i) {
			l.lent++
		}
	}
	return l.lent, nil
}

// lend describes in p the packet of a message. It reports false for what is no
// packet, and for one that is not to be lent.
func (l *Link) lend(p *packet.Packet, i int) bool {
	slot, at := l.in.slot(i), packet.Headroom+sizeEthernet
	var q queued
	if !q.read(slot[:at+int(l.in.msgs[i].len)], at) {
		return false
	}
	l.last = q.id
	l.held++
	port, ours := l.port(q.device)
	switch {
	case !ours:
		l.accept(q.id)
		return false
	case q.cut || q.begin == q.end:
		l.lost++
		return false
	}
	l.ids[l.lent] = q.id
	*p = packet.Packet{Buf: slot, Off: q.begin - sizeEthernet, End: q.end, Mark: q.mark, Port: port, ToUs: true}
	header := slot[p.Off:]
	copy(header, l.ports[port].MAC[:])
	copy(header[6:], q.from[:])
	be.PutUint16(header[12:], q.kind)
	return true
}

// port is the place of the interface among ours.
func (l *Link) port(index uint32) (uint8, bool) {
	for i := range l.ports {
		if uint32(l.ports[i].Index) == index {
			return uint8(i), true
		}
	}
	return 0, false
}
