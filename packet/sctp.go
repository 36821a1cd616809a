// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"encoding/binary"
	"hash/crc32"
)

// The SCTP common header (RFC 9260 §3.1):
//
//	0 source port   2 destination port   4 verification tag   8 checksum
//
// The checksum is a CRC32c of the whole packet, with zero in its own place,
// and stands in the byte order of the CRC, not of the network. It does not
// cover the addresses.

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// noSum stands in the checksum's place while it is computed. A local would be
// allocated: the compiler cannot see that crc32 keeps nothing.
var noSum [4]byte

// sctp reads the common header, and what the first chunk is.
func (p *Packet) sctp(b []byte) Drop {
	if len(b) < sizeSCTP {
		return Truncated
	}
	p.Flow.ports(b)
	p.Chunk = chunkOf(b[sizeSCTP:])
	p.finishCRC()
	return None
}

// finishCRC finishes an SCTP checksum that the sender left to its device. The
// virtio-net header, in which links speak of offloads, cannot say "CRC", and
// the kernel would write a one's complement sum in its place.
func (p *Packet) finishCRC() {
	if p.partial() && p.Frag == Whole && p.Offload.Kind == GSONone {
		sealSCTP(p.Buf[p.L4:p.End])
		p.Offload = Offload{}
	}
}

// mendSCTP follows a change of ports. It cannot help the first of several
// fragments, whose checksum covers bytes that are not here.
func (p *Packet) mendSCTP() {
	if p.Flow.Proto == ProtoSCTP && p.Frag == Whole {
		sealSCTP(p.Buf[p.L4:p.End])
	}
}

// sealSCTP writes the checksum of an SCTP packet anew.
func sealSCTP(b []byte) {
	binary.LittleEndian.PutUint32(b[8:], crcSCTP(b))
}

// goodSCTP reports whether the checksum of an SCTP packet is right.
func goodSCTP(b []byte) bool { return binary.LittleEndian.Uint32(b[8:]) == crcSCTP(b) }

// crcSCTP is the checksum over b as if it held zero itself.
func crcSCTP(b []byte) uint32 {
	c := crc32.Update(0, castagnoli, b[:8])
	c = crc32.Update(c, castagnoli, noSum[:])
	return crc32.Update(c, castagnoli, b[12:])
}
