// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"github.com/ulvs/ulvs/packet"
)

// Packets made by gopacket, which knows nothing of this package, and the three
// wrappings made by hand.

// serial makes a packet of layers, with lengths and checksums.
func serial(all ...gopacket.SerializableLayer) []byte {
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// ipHeader is one of either family.
func ipHeader(src, dst netip.Addr, proto layers.IPProtocol, class uint8) gopacket.NetworkLayer {
	if src.Is4() {
		return &layers.IPv4{Version: 4, TTL: 63, TOS: class, Flags: layers.IPv4DontFragment, Protocol: proto, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	}
	return &layers.IPv6{Version: 6, HopLimit: 63, TrafficClass: class, NextHeader: proto, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
}

func datagram(src, dst netip.AddrPort, text string) []byte {
	u := &layers.UDP{SrcPort: layers.UDPPort(src.Port()), DstPort: layers.UDPPort(dst.Port())}
	ip := ipHeader(src.Addr(), dst.Addr(), layers.IPProtocolUDP, 0)
	_ = u.SetNetworkLayerForChecksum(ip)
	return serial(ip.(gopacket.SerializableLayer), u, gopacket.Payload(text))
}

// A seg is a TCP segment to be made.
type seg struct {
	src, dst netip.AddrPort
	seq      uint32
	flags    packet.TCPFlags
	class    uint8
	payload  []byte
	options  []layers.TCPOption
}

func (s seg) bytes() []byte {
	t := &layers.TCP{
		SrcPort: layers.TCPPort(s.src.Port()), DstPort: layers.TCPPort(s.dst.Port()), Seq: s.seq, Ack: 77, Window: 1000,
		SYN: s.flags&packet.SYN != 0, ACK: s.flags&packet.ACK != 0, PSH: s.flags&packet.PSH != 0, FIN: s.flags&packet.FIN != 0,
		Options: s.options,
	}
	ip := ipHeader(s.src.Addr(), s.dst.Addr(), layers.IPProtocolTCP, s.class)
	_ = t.SetNetworkLayerForChecksum(ip)
	return serial(ip.(gopacket.SerializableLayer), t, gopacket.Payload(s.payload))
}

// checksum is the Internet checksum, slow and obvious.
func checksum(b []byte) uint16 { return ^uint16(packet.Sum(b, 0)) }

func etherType(inner []byte) uint16 {
	if inner[0]>>4 == 6 {
		return packet.TypeIPv6
	}
	return packet.TypeIPv4
}

func gre(inner []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0, 0}, etherType(inner))
	return append(b, inner...)
}

func greSummed(inner []byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0x80, 0}, etherType(inner))
	b = append(append(b, 0, 0, 0, 0), inner...)
	binary.BigEndian.PutUint16(b[4:], checksum(b))
	return b
}

func gue(inner []byte) []byte {
	proto := byte(4)
	if inner[0]>>4 == 6 {
		proto = 41
	}
	return append([]byte{0, proto, 0, 0}, inner...)
}

// gueRemote is GUE with remote checksum offload.
func gueWithRemote(inner []byte) []byte {
	return append([]byte{2, 4, 0, 1, 0x80, 0, 0, 0, 0, 20, 0, 26}, inner...)
}

// protocol of a packet inside an IP packet.
func protocol(inner []byte) int {
	if inner[0]>>4 == 6 {
		return 41
	}
	return 4
}
