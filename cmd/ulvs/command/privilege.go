// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// kept are the capabilities that a running director needs: raw frames, and the
// guard with its set of tuples.
const kept = 1<<unix.CAP_NET_RAW | 1<<unix.CAP_NET_ADMIN

// dropPrivileges gives up, in all threads, what the director no longer needs:
// every other capability, and the chance to gain any by running a program.
func dropPrivileges() error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return fmt.Errorf("ask for the capabilities: %w", err)
	}
	for i := range data {
		mask := uint32(uint64(kept) >> (32 * i))
		data[i].Effective &= mask
		data[i].Permitted &= mask
		data[i].Inheritable = 0
	}
	_, _, e := syscall.AllThreadsSyscall(unix.SYS_CAPSET,
		uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&data[0])), 0)
	if e == syscall.ENOTSUP {
		return nil // built with cgo, as for the race detector: threads are not ours alone
	}
	if e != 0 {
		return fmt.Errorf("drop capabilities: %w", e)
	}
	if _, _, e := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); e != 0 {
		return fmt.Errorf("forbid new privileges: %w", e)
	}
	return nil
}
