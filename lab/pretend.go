// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// An architecture has a name in the kernel, and calls that others lack.
type architecture struct {
	audit uint32
	also  []uint32 // chown and lchown; newer architectures have only fchownat
}

var architectures = map[string]architecture{
	"amd64": {unix.AUDIT_ARCH_X86_64, []uint32{92, 94}},
	"arm64": {unix.AUDIT_ARCH_AARCH64, nil},
}

// becoming are the calls by which a program becomes another user, or makes a
// file another's.
var becoming = []uint32{
	unix.SYS_SETUID, unix.SYS_SETGID, unix.SYS_SETGROUPS,
	unix.SYS_SETREUID, unix.SYS_SETREGID, unix.SYS_SETRESUID, unix.SYS_SETRESGID,
	unix.SYS_FCHOWN, unix.SYS_FCHOWNAT,
}

// pretendUsers makes programs of an ordinary user's lab believe that they can
// become another user. There is only one in a lab of his, and without this
// tcpdump, which wants to be less than root, would end instead of listening.
// It is a seccomp filter that answers these calls with success, and does
// nothing; the children of this process have it too.
func pretendUsers() error {
	arch, known := architectures[runtime.GOARCH]
	if !known {
		return nil
	}
	filter := pretence(arch)
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC,
		uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return fmt.Errorf("pretend other users: %w", errno)
	}
	return nil
}

// pretence is the filter, in the kernel's little language. It reads a call's
// architecture and number (struct seccomp_data).
func pretence(arch architecture) []unix.SockFilter {
	const number, auditArch = 0, 4 // offsets
	load := func(at uint32) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: at}
	}
	jump := func(value uint32, yes, no int) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: value, Jt: uint8(yes), Jf: uint8(no)}
	}
	ret := func(what uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: what} }
	calls := append(arch.also, becoming...)
	n := len(calls)
	f := []unix.SockFilter{load(auditArch), jump(arch.audit, 0, n+1), load(number)}
	for i, call := range calls {
		f = append(f, jump(call, n-i, 0)) // to the last line
	}
	return append(f, ret(unix.SECCOMP_RET_ALLOW), ret(unix.SECCOMP_RET_ERRNO)) // error number 0: done
}
