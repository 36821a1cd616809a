// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// arena is memory that the kernel may read and write while we do: it lies
// outside the heap and never moves.
func arena(n int) ([]byte, error) {
	mem, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANONYMOUS|unix.MAP_PRIVATE|unix.MAP_POPULATE)
	if err != nil {
		return nil, fmt.Errorf("map %d bytes: %w", n, err)
	}
	return mem, nil
}

// hugePage is the size of a large page. Memory that lies in one costs no look-up
// of page after page while the kernel copies super-frames in and out.
const hugePage = 2 << 20

// hugeArena is an arena of n bytes in large pages, where the kernel has some:
// all is what was mapped and is to be given back, mem is what to use.
func hugeArena(n int) (all, mem []byte, err error) {
	pages := (n + hugePage - 1) &^ (hugePage - 1)
	all, err = unix.Mmap(-1, 0, pages+hugePage, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANONYMOUS|unix.MAP_PRIVATE)
	if err != nil {
		return nil, nil, fmt.Errorf("map %d bytes: %w", pages+hugePage, err)
	}
	at := int(-uintptr(unsafe.Pointer(&all[0])) & (hugePage - 1))
	_ = unix.Madvise(all[at:at+pages], unix.MADV_HUGEPAGE) // without them small ones serve
	mem = all[at : at+n : at+n]
	clear(mem) // have it now, not when the first frame comes
	return all, mem, nil
}
