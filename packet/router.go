// SPDX-License-Identifier: Apache-2.0

package packet

// What a router reads and changes in an IP header.

// Is4 reports whether p is an IPv4 packet.
func (p *Packet) Is4() bool { return p.Type == TypeIPv4 }

// TTL is IPv4's time to live, or IPv6's hop limit.
func (p *Packet) TTL() int {
	if p.Is4() {
		return int(p.Buf[p.L3+8])
	}
	return int(p.Buf[p.L3+7])
}

// DecTTL is what each router does to a packet that it passes on. A packet that
// would leave with a TTL of zero is not changed.
func (p *Packet) DecTTL() Drop {
	if p.TTL() <= 1 {
		return TTLExpired
	}
	if !p.Is4() {
		p.Buf[p.L3+7]--
		return None
	}
	p.Buf[p.L3+8]--
	mend(p.Buf[p.L3+10:], ^uint32(0x0100)&0xffff)
	return None
}

// TOS is IPv4's type of service, or IPv6's traffic class: DSCP and ECN.
func (p *Packet) TOS() uint8 {
	if p.Is4() {
		return p.Buf[p.L3+1]
	}
	return uint8(be.Uint16(p.Buf[p.L3:]) >> 4)
}

// DF reports whether routers must not fragment p; IPv6 never lets them.
func (p *Packet) DF() bool {
	return !p.Is4() || be.Uint16(p.Buf[p.L3+6:])&dontFragment != 0
}

// L3Len is the length of the IP packet, in bytes: what statistics count.
func (p *Packet) L3Len() int { return p.End - p.L3 }

// SegLen is the length of the longest IP packet that p becomes on the wire:
// less than L3Len for a super-frame, which the device cuts into segments. This
// is what must fit the MTU.
func (p *Packet) SegLen() int {
	if p.Offload.Kind == GSONone {
		return p.L3Len()
	}
	return min(p.L3Len(), p.headers()-p.L3+int(p.Offload.Seg))
}
