// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"encoding/binary"

	"github.com/ulvs/ulvs/packet"
)

// A vnetHeader stands before each packet that is written to a TUN device of
// ours: what is left for the kernel to do (virtio 1.2 §5.1.6), in the machine's
// byte order:
//
//	0 flags   1 kind of super-frame   2 length of headers   4 segment size
//	6 where the checksum begins       8 where it lies, from there
type vnetHeader [10]byte

const needsChecksum = 1

// unfinished says that the checksum is to be finished.
func (h *vnetHeader) unfinished(start, offset int) {
	h[0] = needsChecksum
	binary.NativeEndian.PutUint16(h[6:], uint16(start))
	binary.NativeEndian.PutUint16(h[8:], uint16(offset))
}

// segments says that it is a super-frame.
func (h *vnetHeader) segments(s *super) {
	h[1] = packet.GSOTCP4
	if !s.is4() {
		h[1] = packet.GSOTCP6
	}
	binary.NativeEndian.PutUint16(h[2:], uint16(s.head))
	binary.NativeEndian.PutUint16(h[4:], uint16(s.seg))
}
