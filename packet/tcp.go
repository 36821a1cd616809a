// SPDX-License-Identifier: Apache-2.0

package packet

// The TCP header (RFC 9293 §3.1), with the offsets in use here:
//
//	 0 source port            2 destination port
//	 4 sequence number        8 acknowledgment number
//	12 header length / 4 (high half)   13 flags   14 window
//	16 checksum              18 urgent pointer     20 options

// tcp reads the header of a segment.
func (p *Packet) tcp(b []byte) Drop {
	if len(b) < sizeTCP {
		return Truncated
	}
	size := sizeOfTCP(b)
	if size < sizeTCP {
		return BadHeader
	}
	if size > len(b) {
		return Truncated
	}
	p.Flow.ports(b)
	p.Flags = TCPFlags(b[13])
	return None
}

// sizeOfTCP is the length of the header with its options, as it says itself.
func sizeOfTCP(b []byte) int { return int(b[12]>>4) * 4 }
