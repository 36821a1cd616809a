// SPDX-License-Identifier: Apache-2.0

package packet

// A TunnelKind is how mode tun wraps a packet.
type TunnelKind uint8

// The kinds; the numbers are the kernel's (IP_VS_CONN_F_TUNNEL_TYPE_*).
const (
	IPIP TunnelKind = iota // the packet directly in another (RFC 2003, RFC 2473)
	GUE                    // in a UDP datagram to a port that the server chose (draft-ietf-intarea-gue)
	GRE                    // behind a GRE header (RFC 2784)
	numTunnels
)

var tunnelNames = [numTunnels]string{"ipip", "gue", "gre"}

// String is the kind as ipvsadm's --tun-type names it.
func (k TunnelKind) String() string {
	if k < numTunnels {
		return tunnelNames[k]
	}
	return "?"
}

// TunnelKindOf is the kind of that name.
func TunnelKindOf(name string) (TunnelKind, bool) {
	for k, n := range tunnelNames {
		if n == name {
			return TunnelKind(k), true
		}
	}
	return 0, false
}

// TunnelFlags are bits beside a tunnel's kind; the numbers are the kernel's
// (IP_VS_TUNNEL_ENCAP_FLAG_*).
type TunnelFlags uint8

// The flags, as --tun-csum and --tun-remcsum set them.
//
// Remote checksum offload leaves the inner checksum to the server, which saves
// the sender nothing once it has summed the whole datagram for UDP's checksum.
// The kernel does it only to packets whose checksum was unfinished, of which
// none comes off a wire; here all are finished, and the flag means TunnelSum.
const (
	TunnelSum       TunnelFlags = 1 << iota // the tunnel's own header has a checksum
	TunnelRemoteSum                         // of GUE only
)

// A Tunnel is how packets to a real server are wrapped, as somebody asked for
// it. The zero Tunnel is IPIP.
type Tunnel struct {
	Kind  TunnelKind
	Flags TunnelFlags
	Port  uint16 // of GUE: the server's
}

// sums reports whether the tunnel's own header has a checksum.
func (t Tunnel) sums() bool { return t.Flags&(TunnelSum|TunnelRemoteSum) != 0 }

// header is the length of what stands between the two IP headers.
func (t Tunnel) header() int {
	switch {
	case t.Kind == GUE:
		return sizeUDP + sizeGUE
	case t.Kind == GRE && t.sums():
		return sizeGRE + sizeGRESum
	case t.Kind == GRE:
		return sizeGRE
	}
	return 0
}

// Overhead is how many bytes wrapping adds to a packet.
func (t Tunnel) Overhead(outer4 bool) int {
	if outer4 {
		return sizeIPv4 + t.header()
	}
	return sizeIPv6 + t.header()
}

// What every path must carry (RFC 791 §3.2, RFC 8200 §5).
const (
	leastMTU4 = 68
	leastMTU6 = 1280
)

// MTU is how long a packet may be that is to be wrapped and sent over a link,
// or a path, of that MTU. false: none may, the path carries less than every
// path must.
func (t Tunnel) MTU(path int, outer4 bool) (int, bool) {
	least := leastMTU6
	if outer4 {
		least = leastMTU4
	}
	n := path - t.Overhead(outer4)
	return n, n >= least
}

// A Wrap is what mode tun must know to wrap one packet, besides where to.
type Wrap struct {
	Tunnel
	Source  Addr      // of the outer packet: ours, as the route to the server has it
	ID      uint16    // identification of an outer IPv4 packet: each packet, or super-frame, another
	Segment uint16    // which one it is of a super-frame's packets
	PMTU    bool      // the sysctl pmtu_disc: the outer packet may be fragmented only if the inner may
	Seed    uint64    // of GUE's source ports
	Ports   [2]uint16 // the least and the most of them: the host's ip_local_port_range
}
