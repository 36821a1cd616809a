// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"encoding/binary"
	"net/netip"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A burst is room for what one system call receives. All sockets share it, one
// after the other.
type burst struct {
	heads    [burstSize]message
	pieces   [burstSize]unix.Iovec
	names    [burstSize]unix.RawSockaddrInet6 // the larger of both families'
	controls [burstSize][128]byte
	room     []byte
	used     int // messages that the kernel wrote into last time
}

const (
	burstSize = 64
	roomSize  = 64 << 10 // the longest there is
)

// A message is the kernel's struct mmsghdr.
type message struct {
	unix.Msghdr
	n uint32
}

func newBurst() *burst {
	b := &burst{room: make([]byte, burstSize*roomSize), used: burstSize}
	for i := range b.heads {
		b.pieces[i] = unix.Iovec{Base: &b.room[i*roomSize], Len: roomSize}
	}
	return b
}

// receive takes what waits at the socket, up to a burst.
func (b *burst) receive(fd int) int {
	for i := range b.used {
		h := &b.heads[i].Msghdr
		*h = unix.Msghdr{Iov: &b.pieces[i], Iovlen: 1, Name: (*byte)(unsafe.Pointer(&b.names[i])), Control: &b.controls[i][0]}
		h.Namelen = uint32(unsafe.Sizeof(b.names[i]))
		h.SetControllen(len(b.controls[i]))
	}
	n, _, e := unix.Syscall6(unix.SYS_RECVMMSG, uintptr(fd), uintptr(unsafe.Pointer(&b.heads)), burstSize, unix.MSG_DONTWAIT, 0, 0)
	runtime.KeepAlive(b)
	if b.used = int(n); e != 0 {
		b.used = 0 // nothing waits, or an ICMP error was told
	}
	return b.used
}

// An outer is a packet as it was received, and what the kernel says of it.
type outer struct {
	b     []byte
	class uint8 // traffic class of the outer header
	seg   int   // if not zero: several datagrams of this size, merged
}

// outer is message i.
func (b *burst) outer(s *socket, i int) (o outer) {
	o.b = b.room[i*roomSize:][:b.heads[i].n]
	if s.header && len(o.b) >= sizeIPv4 {
		o.class = o.b[1]
		o.b = o.b[min(len(o.b), int(o.b[0]&0xf)*4):]
		return o
	}
	b.told(&o, b.controls[i][:b.heads[i].Controllen])
	return o
}

// told reads the kernel's notes.
func (b *burst) told(o *outer, notes []byte) {
	for len(notes) >= unix.SizeofCmsghdr {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&notes[0]))
		size := int(h.Len)
		if size < unix.SizeofCmsghdr || size > len(notes) {
			return
		}
		value := notes[unix.SizeofCmsghdr:size]
		switch {
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_TOS && len(value) >= 1:
			o.class = value[0]
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_TCLASS && len(value) >= 4:
			o.class = uint8(binary.NativeEndian.Uint32(value))
		case h.Level == unix.SOL_UDP && h.Type == unix.UDP_GRO && len(value) >= 4:
			o.seg = int(binary.NativeEndian.Uint32(value))
		}
		notes = notes[min(len(notes), unix.CmsgSpace(len(value))):]
	}
}

// from is who sent message i.
func (b *burst) from(i int) netip.Addr {
	a := &b.names[i]
	if a.Family == unix.AF_INET6 {
		return netip.AddrFrom16(a.Addr)
	}
	return netip.AddrFrom4((*unix.RawSockaddrInet4)(unsafe.Pointer(a)).Addr)
}
