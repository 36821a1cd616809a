// SPDX-License-Identifier: Apache-2.0

package packet

import "fmt"

// The Ethernet header (IEEE 802.3), and the tag that may follow the source
// (IEEE 802.1Q):
//
//	| destination 6 | source 6 | [0x8100 2 | priority and id 2] | EtherType 2 |

// linkHeader is how much of the headroom belongs to the link: its virtio-net
// header lies directly before the frame.
const linkHeader = 12

// ethernet finds the EtherType, behind at most two VLAN tags, and layer 3.
func (p *Packet) ethernet() Drop {
	if p.Off < 0 || p.End > len(p.Buf) || p.End-p.Off < sizeEthernet {
		return Truncated
	}
	at := p.Off + 12
	p.Type = be.Uint16(p.Buf[at:])
	for range 2 {
		if p.Type != typeVLAN && p.Type != typeService {
			break
		}
		if at += sizeTag; at+2 > p.End {
			return Truncated
		}
		p.Type = be.Uint16(p.Buf[at:])
	}
	p.L3 = at + 2
	return None
}

// Tag is the VLAN the frame belongs to, wherever its tag lies: in VLAN, where
// a link puts the tag that the kernel took off, or still in the frame. Zero:
// none, or a mere priority tag.
func (p *Packet) Tag() uint16 {
	if p.VLAN != 0 || p.L3-p.Off <= sizeEthernet {
		return p.VLAN
	}
	return be.Uint16(p.Buf[p.Off+14:]) & 0xfff
}

// SetMAC writes both link-level addresses.
func (p *Packet) SetMAC(dst, src MAC) {
	copy(p.Buf[p.Off:], dst[:])
	copy(p.Buf[p.Off+6:], src[:])
}

// DstMAC is the link-level destination.
func (p *Packet) DstMAC() MAC { return MAC(p.Buf[p.Off:]) }

// SrcMAC is the link-level source.
func (p *Packet) SrcMAC() MAC { return MAC(p.Buf[p.Off+6:]) }

// Push makes room for n bytes of outer headers before the IP header, out of
// the headroom: the Ethernet header moves down, L3 is where the returned bytes
// begin, and an unfinished checksum stays with the bytes it is about. The
// caller writes the headers (and the EtherType if the family changes), and
// parses anew.
func (p *Packet) Push(n int) ([]byte, Drop) {
	if n < 0 || p.Off-n < linkHeader {
		return nil, NoHeadroom
	}
	copy(p.Buf[p.Off-n:], p.Buf[p.Off:p.L3])
	p.Off -= n
	p.L3 -= n
	if p.Offload.Partial {
		p.Offload.Start += uint16(n)
	}
	if p.Offload.HdrLen != 0 {
		p.Offload.HdrLen += uint16(n)
	}
	return p.Buf[p.L3 : p.L3+n], None
}

// Group reports whether m is a multicast or the broadcast address.
func (m MAC) Group() bool { return m[0]&1 != 0 }

// String is m in text: 02:00:00:00:00:01.
func (m MAC) String() string {
	return fmt.Sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4], m[5])
}
