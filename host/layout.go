// SPDX-License-Identifier: Apache-2.0

package host

import (
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs/packet"
)

// Where things lie in an IPv4 header, and behind an ICMP header of either
// version.
const (
	fragAt   = 6      // flags and fragment offset
	fragMask = 0x1fff // the fragment offset among them
	quoteAt  = 8      // the quoted packet, from the ICMP header
)

// A layout is what the guard must know of an IP version. Offsets are in bytes
// from the IP header, of a packet or of the one that an ICMP error quotes.
type layout struct {
	suffix    string // of the names of sets and chains
	ether     uint16 // EtherType
	size      int    // bytes of an address
	src, dst  int
	proto     int     // next protocol
	ports     int     // the ports of a quoted packet without options
	options   bool    // the header may have options, and fragments no header of their own
	icmp      uint8   // the protocol number of its ICMP
	errors    []uint8 // the ICMP types that quote a packet
	fragExthd uint8   // the extension header of a fragment
}

// layouts are those of IPv4 and IPv6, in this order. ICMP type 5 (redirect)
// and the deprecated 4 (source quench) quote a packet like errors do.
var layouts = [2]layout{
	{suffix: "4", ether: packet.TypeIPv4, size: 4, src: 12, dst: 16, proto: 9, ports: 20, options: true,
		icmp: packet.ProtoICMP, errors: []uint8{3, 4, 5, 11, 12}},
	{suffix: "6", ether: packet.TypeIPv6, size: 16, src: 8, dst: 24, proto: 6, ports: 40,
		icmp: packet.ProtoICMPv6, errors: []uint8{1, 2, 3, 4}, fragExthd: 44},
}

func (l *layout) isError(icmpType byte) bool { return slices.Contains(l.errors, icmpType) }

// addr is the address that b begins with.
func (l *layout) addr(b []byte) packet.Addr {
	if l.size == 4 {
		return packet.AddrFrom(netip.AddrFrom4([4]byte(b)))
	}
	return packet.Addr(b[:16])
}

// holds reports whether a is of this IP version.
func (l *layout) holds(a netip.Addr) bool { return a.Unmap().BitLen() == 8*l.size }

// bytes are a's, as they lie in a packet.
func (l *layout) bytes(a netip.Addr) []byte { return a.Unmap().AsSlice() }
