// SPDX-License-Identifier: Apache-2.0

package packet

import "encoding/binary"

// EtherTypes, as Packet.Type holds them.
const (
	TypeIPv4 = 0x0800
	TypeARP  = 0x0806
	TypeIPv6 = 0x86dd

	typeVLAN    = 0x8100 // IEEE 802.1Q
	typeService = 0x88a8 // IEEE 802.1ad, the outer of two tags
)

// IP protocols, as Flow.Proto holds them.
const (
	ProtoICMP   = 1
	ProtoTCP    = 6
	ProtoUDP    = 17
	ProtoICMPv6 = 58
	ProtoSCTP   = 132
)

// The IPv6 extension headers that are walked over (RFC 8200 §4). All others,
// the authentication header among them, are taken for the payload.
const (
	extHopByHop    = 0
	extRouting     = 43
	extFragment    = 44
	extDestination = 60
)

// Sizes of headers without options, in bytes.
const (
	sizeEthernet = 14
	sizeTag      = 4
	sizeIPv4     = 20
	sizeIPv6     = 40
	sizeFragment = 8
	sizeTCP      = 20
	sizeUDP      = 8
	sizeSCTP     = 12
	sizeICMP     = 8
	sizeARP      = 28
)

// The byte order of the network.
var be = binary.BigEndian
