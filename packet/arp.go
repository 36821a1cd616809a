// SPDX-License-Identifier: Apache-2.0

package packet

// An ARP is an ARP message about IPv4 over Ethernet (RFC 826):
//
//	0 hardware 1   2 protocol 0x0800   4 lengths 6 and 4   6 operation
//	8 sender MAC   14 sender IP       18 target MAC       24 target IP
type ARP []byte

const (
	arpRequest = 1
	arpReply   = 2
)

// arpPreamble are the first six bytes of the only kind of ARP there is.
const arpPreamble = "\x00\x01\x08\x00\x06\x04"

// ARP is the ARP message in p, if it is a sound one.
func (p *Packet) ARP() (ARP, bool) {
	if p.Type != TypeARP || p.L3+sizeARP > p.End {
		return nil, false
	}
	a := ARP(p.Buf[p.L3 : p.L3+sizeARP])
	return a, string(a[:len(arpPreamble)]) == arpPreamble
}

// IsRequest reports whether a asks: who has the target address?
func (a ARP) IsRequest() bool { return be.Uint16(a[6:]) == arpRequest }

// IsReply reports whether a answers: the sender's address is at the sender's MAC.
func (a ARP) IsReply() bool { return be.Uint16(a[6:]) == arpReply }

// SenderMAC is the link-level address of the sender.
func (a ARP) SenderMAC() MAC { return MAC(a[8:]) }

// SenderIP is the address of the sender; 0.0.0.0 in a probe for duplicates.
func (a ARP) SenderIP() Addr { return addr4(a[14:]) }

// TargetMAC is zero in requests.
func (a ARP) TargetMAC() MAC { return MAC(a[18:]) }

// TargetIP is the address that a request asks for.
func (a ARP) TargetIP() Addr { return addr4(a[24:]) }

var broadcast = MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// ARPRequest writes into dst the question who has the target address, as a
// complete frame. senderIP may be the zero Addr.
func ARPRequest(dst *Packet, sender MAC, senderIP, target Addr) {
	dst.arp(broadcast, sender, arpRequest, &senderIP, MAC{}, &target)
}

// ARPReply writes into dst the answer that mac has the address which the
// request asks for, as a complete frame. about must be a sound ARP message.
func ARPReply(dst, about *Packet, mac MAC) {
	a := ARP(about.Buf[about.L3:])
	own, asker := a.TargetIP(), a.SenderIP()
	dst.arp(a.SenderMAC(), mac, arpReply, &own, a.SenderMAC(), &asker)
}

func (p *Packet) arp(to, from MAC, operation uint16, own *Addr, target MAC, targetIP *Addr) {
	p.L3, p.L4, p.Type = p.Off+sizeEthernet, 0, TypeARP
	p.Flow, p.Hop, p.Offload = Flow{}, Addr{}, Offload{}
	p.End = p.L3 + sizeARP
	p.SetMAC(to, from)
	be.PutUint16(p.Buf[p.Off+12:], TypeARP)
	a := p.Buf[p.L3:p.End]
	copy(a, arpPreamble)
	be.PutUint16(a[6:], operation)
	copy(a[8:], from[:])
	copy(a[14:], own[12:])
	copy(a[18:], target[:])
	copy(a[24:], targetIP[12:])
}
