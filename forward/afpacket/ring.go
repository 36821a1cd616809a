// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A head is how each slot begins, as the kernel writes it: what it says of the
// frame, and who sent it.
type head struct {
	unix.Tpacket2Hdr
	from unix.RawSockaddrLinklayer
}

// Where things lie in a slot. The kernel aligns its headers to 16 bytes, and
// puts the virtio header directly before the frame.
const (
	slotHead  = 52                   // bytes of a head
	reserve   = 128                  // what we ask it to leave free besides
	slotFrame = 76 + reserve         // where the frame begins
	headroom  = slotFrame - slotHead // what may be overwritten before it
)

// A ring is the memory that we share with the kernel. Slots pass from the
// kernel to us and back in order; whose one is, its status says.
type ring struct {
	layout
	mem  []byte
	head int // the slot that is looked at next
	lent int // how many slots before it are still ours
}

// newRing asks for the ring of a socket and maps it.
func newRing(fd int, l layout) (ring, error) {
	req := l.request()
	if err := unix.SetsockoptTpacketReq(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, &req); err != nil {
		return ring{}, fmt.Errorf("make a ring of %v: %w", l, err)
	}
	mem, err := unix.Mmap(fd, 0, l.bytes(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return ring{}, fmt.Errorf("map a ring of %v: %w", l, err)
	}
	return ring{layout: l, mem: mem}, nil
}

// slotAt is the memory of slot i.
func (r *ring) slotAt(i int) []byte {
	at := i * r.slot
	return r.mem[at : at+r.slot : at+r.slot]
}

func (r *ring) headAt(i int) *head { return (*head)(unsafe.Pointer(&r.mem[i*r.slot])) }

// ready is the next slot, if the kernel has filled it; nil: nothing waits.
// The load is an acquire: what the kernel wrote before it is there to be read.
func (r *ring) ready() *head {
	h := r.headAt(r.head)
	if r.lent == r.slots || atomic.LoadUint32(&h.Status)&unix.TP_STATUS_USER == 0 {
		return nil
	}
	return h
}

// take takes the ready slot, which is ours until release.
func (r *ring) take() []byte {
	s := r.slotAt(r.head)
	r.head, r.lent = r.after(r.head), r.lent+1
	return s
}

// release gives all slots that were taken back to the kernel, the oldest first.
func (r *ring) release() {
	i := r.head - r.lent
	if i < 0 {
		i += r.slots
	}
	for ; r.lent > 0; r.lent-- {
		atomic.StoreUint32(&r.headAt(i).Status, unix.TP_STATUS_KERNEL)
		i = r.after(i)
	}
}

func (r *ring) after(i int) int {
	if i++; i == r.slots {
		return 0
	}
	return i
}
