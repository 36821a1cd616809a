// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"fmt"

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
