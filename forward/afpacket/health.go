// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// looks is how many empty Recvs pass between two looks at the socket: a look is
// a system call. A poller wakes at once while there is something to see, so
// that they follow quickly when it matters.
const looks = 16

// health reports that the interface is gone for good. One that is merely down
// may come back.
func (l *Link) health() error {
	if l.gone != nil {
		return l.gone
	}
	if l.idle++; l.idle%looks != 0 {
		return nil
	}
	// Asking for the error takes it away; left there, it would keep pollers awake.
	_, _ = unix.GetsockoptInt(l.recv, unix.SOL_SOCKET, unix.SO_ERROR)
	if removed(l.recv) {
		l.gone = fmt.Errorf("receive on %s: the interface is gone", l.name)
	}
	return l.gone
}

// removed reports whether the interface that fd was bound to exists no more.
// The kernel then unbinds the socket for good: an interface of the same name
// would be another one.
func removed(fd int) bool {
	var a unix.RawSockaddrLinklayer
	size := uint32(unsafe.Sizeof(a))
	_, _, errno := unix.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&a)), uintptr(unsafe.Pointer(&size)))
	return errno == 0 && a.Ifindex < 0
}
