// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"unsafe"

	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

// runLen is how many frames one call sends at most. A longer run would fill
// the receiver's queue before it gets the processor.
const runLen = 64

// The kernel's iovec, msghdr and mmsghdr. They lie in an arena, with addresses
// that the garbage collector need not know: Link.sending keeps the frames.
type (
	iovec struct {
		base uintptr
		len  uintptr
	}
	msghdr struct {
		name    uintptr
		nameLen uint32
		iov     uintptr
		iovLen  uintptr
		control [2]uintptr
		flags   int32
	}
	mmsghdr struct {
		msghdr
		sent uint32
	}
)

// An apart is what goes before a frame and has no room there.
type apart struct {
	bytes [virtioLen + macsLen + tagLen]byte
	_     [6]byte
}

// An outgoing is the memory of one call of sendmmsg.
type outgoing struct {
	mem   []byte
	msgs  *[runLen]mmsghdr
	iovs  *[runLen][2]iovec
	apart *[runLen]apart
}

func newOutgoing() (outgoing, error) {
	type all struct {
		msgs  [runLen]mmsghdr
		iovs  [runLen][2]iovec
		apart [runLen]apart
	}
	mem, err := arena(int(unsafe.Sizeof(all{})))
	if err != nil {
		return outgoing{}, err
	}
	a := (*all)(unsafe.Pointer(&mem[0]))
	for i := range a.msgs {
		a.msgs[i].iov = uintptr(unsafe.Pointer(&a.iovs[i]))
	}
	return outgoing{mem, &a.msgs, &a.iovs, &a.apart}, nil
}

// put writes message i: p with its virtio header directly before it. What has
// a VLAN tag to get, or no room, goes in two parts; a frame itself is not
// changed by being sent.
func (t *outgoing) put(i int, p *packet.Packet, o packet.Offload) {
	if p.VLAN != 0 && p.End-p.Off >= macsLen {
		b := t.apart[i].bytes[:]
		putTag(b[virtioLen:], p.Buf[p.Off:p.End], p.VLAN)
		t.twice(i, b, p.Buf[p.Off+macsLen:p.End], shifted(o, tagLen))
		return
	}
	if p.Off < virtioLen {
		t.twice(i, t.apart[i].bytes[:virtioLen], p.Buf[p.Off:p.End], o)
		return
	}
	b := p.Buf[p.Off-virtioLen : p.End]
	writeVirtio(b, &o)
	t.iovs[i][0] = iovecOf(b)
	t.msgs[i].iovLen = 1
}

// twice writes message i in two parts; first begins with the virtio header.
func (t *outgoing) twice(i int, first, second []byte, o packet.Offload) {
	writeVirtio(first, &o)
	t.iovs[i] = [2]iovec{iovecOf(first), iovecOf(second)}
	t.msgs[i].iovLen = 2
}

func iovecOf(b []byte) iovec {
	return iovec{uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b))}
}

// send sends messages [from, to) and returns how many went. It never waits, so
// the scheduler need not hear of it: a millisecond at most, with a whole run of
// super-frames, is no longer than a loop may take.
func (t *outgoing) send(fd, from, to int) (int, unix.Errno) {
	n, _, errno := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(fd), uintptr(unsafe.Pointer(&t.msgs[from])),
		uintptr(to-from), unix.MSG_DONTWAIT, 0, 0)
	return int(n), errno
}
