// SPDX-License-Identifier: Apache-2.0

package nfqueue

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Verdicts, and the attribute they come in: verdict 4, id 4.
const (
	drop, accept = 0, 1

	attrVerdict = 2
	verdictLen  = headLen + attrLen + 8
)

// Pass gives the i-th packet of the batch that was lent last back to the host,
// as it came, whatever has been done with our copy: it goes on behind the rule
// that had queued it.
func (l *Link) Pass(i int) {
	if l.ids[i] != 0 {
		l.accept(l.ids[i])
		l.ids[i] = 0
	}
}

// accept notes that a packet passes.
func (l *Link) accept(id uint32) {
	l.out = appendVerdict(l.out, msgVerdict, l.number, accept, id)
	l.held--
}

// settle tells the kernel what becomes of the packets of the last batch: a
// verdict for each that passes, and one for all others.
func (l *Link) settle() {
	if l.held > 0 {
		l.out = appendVerdict(l.out, msgVerdictBatch, l.number, drop, l.last)
	}
	if len(l.out) > 0 {
		// If the kernel has no memory for them now, the next batch's word is
		// about these too.
		_ = send(l.fd, l.out)
	}
	l.out, l.held, l.lent = l.out[:0], 0, 0
}

func appendVerdict(m []byte, kind, number uint16, verdict, id uint32) []byte {
	begin := len(m)
	m = head(m, kind, unix.NLM_F_REQUEST, number)
	m = native.AppendUint16(m, attrLen+8)
	m = native.AppendUint16(m, attrVerdict)
	m = be.AppendUint32(m, verdict)
	m = be.AppendUint32(m, id)
	native.PutUint32(m[begin:], uint32(len(m)-begin))
	return m
}

// send sends a datagram to the kernel, without an address, which the kernel
// takes for its own.
func send(fd int, b []byte) error {
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), 0, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
