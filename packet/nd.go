// SPDX-License-Identifier: Apache-2.0

package packet

// An ND is a neighbour solicitation or advertisement (RFC 4861 §4.3, §4.4):
//
//	0 type 135 or 136   2 checksum   4 flags of an advertisement   8 target
//	24 options: type, length / 8, value; the link-layer address of the sender of
//	   a solicitation is option 1, that of an advertisement's target option 2
type ND struct {
	body     []byte // the ICMPv6 message
	from, to Addr   // of the IPv6 header
}

const (
	sizeND       = 24
	sizeLLOption = 8
	sourceLL     = 1
	targetLL     = 2

	ndSolicited = 0x40 // flag of an advertisement: somebody asked
	ndOverride  = 0x20 // flag of an advertisement: believe it over what you know

	ndHops = 255 // no router can have passed it on
)

// IsND reports whether p is a message of neighbour discovery, which is between
// the host and its links: router messages and redirects too.
func (p *Packet) IsND() bool {
	kind, ok := p.icmp()
	return ok && !p.Is4() && routerSolicit <= kind && kind <= redirect6
}

// ND is the solicitation or advertisement in p, if it passes the checks of
// RFC 4861 §7.1.
func (p *Packet) ND() (ND, bool) {
	kind, ok := p.icmp()
	if !ok || kind != neighbourSolicit && kind != neighbourAdvert || p.Is4() {
		return ND{}, false
	}
	n := ND{p.Buf[p.L4:p.End], p.Flow.Src.Addr, p.Flow.Dst.Addr}
	sound := p.TTL() == ndHops && p.Frag == Whole && n.body[1] == 0 &&
		len(n.body) >= sizeND && n.sound() && p.ICMPGood()
	return n, sound
}

// sound applies the rules that tell one kind from the other.
func (n ND) sound() bool {
	if target := n.Target(); target.group() || !n.optionsSound() {
		return false
	}
	if !n.IsSolicit() {
		return !n.to.group() || n.body[4]&ndSolicited == 0
	}
	_, named := n.option(sourceLL)
	return n.from != Addr{} || n.to.group() && !named
}

func (n ND) optionsSound() bool {
	b := n.body[sizeND:]
	for len(b) > 0 {
		if len(b) < 2 || b[1] == 0 || int(b[1])*8 > len(b) {
			return false
		}
		b = b[int(b[1])*8:]
	}
	return true
}

// option is the link-layer address in the first option of that type.
func (n ND) option(kind uint8) (MAC, bool) {
	for b := n.body[sizeND:]; len(b) > 0; b = b[int(b[1])*8:] {
		if b[0] == kind && b[1] == sizeLLOption/8 {
			return MAC(b[2:]), true
		}
	}
	return MAC{}, false
}

// IsSolicit reports whether n asks: who has the target address?
func (n ND) IsSolicit() bool { return n.body[0] == neighbourSolicit }

// Target is the address that is asked for, or advertised.
func (n ND) Target() Addr { return Addr(n.body[8:]) }

// Tells is what n lets one know: who is at which link-level address. A
// solicitation tells it of its sender, an advertisement of its target.
func (n ND) Tells() (who Addr, mac MAC, told bool) {
	if n.IsSolicit() {
		mac, told = n.option(sourceLL)
		return n.from, mac, told
	}
	mac, told = n.option(targetLL)
	return n.Target(), mac, told
}

// group reports whether a is an IPv6 multicast address.
func (a *Addr) group() bool { return a[0] == 0xff }

// solicited is the group that the holders of an address listen to (RFC 4291
// §2.7.1), and the link-level group behind it (RFC 2464 §7).
func solicited(a *Addr) (Addr, MAC) {
	return Addr{0: 0xff, 1: 2, 11: 1, 12: 0xff, 13: a[13], 14: a[14], 15: a[15]},
		MAC{0x33, 0x33, 0xff, a[13], a[14], a[15]}
}

var (
	allNodes    = Addr{0: 0xff, 1: 2, 15: 1}
	allNodesMAC = MAC{0x33, 0x33, 0, 0, 0, 1}
)

// NeighbourSolicit writes into dst the question who has the target address, as
// a complete frame. The zero Addr for senderIP makes it a probe for duplicates.
func NeighbourSolicit(dst *Packet, sender MAC, senderIP, target Addr) {
	group, mac := solicited(&target)
	n := sizeND + sizeLLOption
	if senderIP == (Addr{}) {
		n = sizeND
	}
	b := dst.begin(&senderIP, &group, ProtoICMPv6, n)
	dst.nd(b, neighbourSolicit, 0, &target, sourceLL, sender)
	dst.SetMAC(mac, sender)
}

// NeighbourAdvert writes into dst the answer that mac has the address which the
// solicitation asks for, as a complete frame. about must hold a sound ND.
func NeighbourAdvert(dst, about *Packet, mac MAC) {
	target := Addr(about.Buf[about.L4+8:])
	to, toMAC, flags := about.Flow.Src.Addr, about.SrcMAC(), uint8(ndSolicited|ndOverride)
	if to == (Addr{}) { // a probe for duplicates: everybody is to hear
		to, toMAC, flags = allNodes, allNodesMAC, ndOverride
	}
	b := dst.begin(&target, &to, ProtoICMPv6, sizeND+sizeLLOption)
	dst.nd(b, neighbourAdvert, flags, &target, targetLL, mac)
	dst.SetMAC(toMAC, mac)
}

// nd fills in the message b, with an option if it has room for one.
func (p *Packet) nd(b []byte, kind, flags uint8, target *Addr, option uint8, mac MAC) {
	clear(b)
	b[0], b[4] = kind, flags
	copy(b[8:], target[:])
	if len(b) > sizeND {
		b[sizeND], b[sizeND+1] = option, sizeLLOption/8
		copy(b[sizeND+2:], mac[:])
	}
	p.Buf[p.L3+7] = ndHops
	p.seal()
}
