// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"encoding/binary"

	"github.com/ulvs/ulvs/packet"
)

// The virtio-net header (virtio 1.2, section 5.1.6), in which a packet socket
// tells what a sender left for the device to do, and is told. Its numbers are
// in the machine's own byte order.
//
//	| flags 1 | kind 1 | header length 2 | segment 2 | sum start 2 | sum offset 2 |
const (
	virtioLen = 10
	needsSum  = 1 // of flags: the transport checksum is unfinished
)

var native = binary.NativeEndian

// readVirtio is what the header b says of its frame. The header length in it is
// a mere hint (how much lay in the sender's first buffer), so we count ourselves.
func readVirtio(b, frame []byte) (o packet.Offload) {
	if b[0]&needsSum != 0 {
		o.Partial = true
		o.Start, o.Offset = native.Uint16(b[6:]), native.Uint16(b[8:])
	}
	if o.Kind = b[1]; o.Kind != packet.GSONone {
		o.Seg = native.Uint16(b[4:])
		o.HdrLen = uint16(headers(frame, &o))
	}
	return o
}

// writeVirtio says o in the header b.
func writeVirtio(b []byte, o *packet.Offload) {
	_ = b[virtioLen-1]
	b[0], b[1] = 0, o.Kind
	if o.Partial {
		b[0] = needsSum
	}
	native.PutUint16(b[2:], o.HdrLen)
	native.PutUint16(b[4:], o.Seg)
	native.PutUint16(b[6:], o.Start)
	native.PutUint16(b[8:], o.Offset)
}

// headers is the length of all headers of a super-frame whose checksum is
// unfinished: what is before the checksum's start, and the transport header.
// Zero: unknown.
func headers(frame []byte, o *packet.Offload) int {
	const sizeUDP, sizeTCP = 8, 20
	start := int(o.Start)
	switch {
	case !o.Partial:
		return 0
	case o.Kind == packet.GSOUDP:
		return start + sizeUDP
	case start+sizeTCP > len(frame):
		return 0
	}
	return start + int(frame[start+12]>>4)*4
}

// forDevice is what is left to the device of a frame that is about to go. What
// fits one segment is no super-frame, whatever it was: the kernel refuses it.
func forDevice(frame []byte, o packet.Offload) packet.Offload {
	if o.Kind == packet.GSONone {
		return o
	}
	o.HdrLen = uint16(headers(frame, &o))
	if len(frame) <= int(o.HdrLen)+int(o.Seg) {
		o.Kind, o.Seg, o.HdrLen = packet.GSONone, 0, 0
	}
	return o
}
