// SPDX-License-Identifier: Apache-2.0

package packet

// A Drop is the reason why a packet went no further: an error that is one byte,
// costs nothing to return, and can be counted. The zero Drop is no reason at
// all: the packet goes on.
type Drop uint8

// The reasons. NotOurs is no loss: the host's own stack, which has a copy,
// deals with the packet as if ulvs were not there. To add a reason is to add a
// line here and one in drops.
const (
	None           Drop = iota // no reason: the packet goes on
	NotOurs                    // not ours: the host deals with it
	Truncated                  // a header does not fit the frame
	BadLength                  // a length field contradicts the frame
	BadHeader                  // a header field has an impossible value
	BadChecksum                // the checksum of an ICMP error, or of what we would have answered, is wrong
	Martian                    // from an address that no packet on a wire can come from
	TooManyExt                 // more IPv6 extension headers than we follow
	NoServer                   // a service, but no real server can take it
	ServerGone                 // the connection's real server was deleted
	TableFull                  // no room for another connection
	Stray                      // guarded, but of no connection and not opening one
	FragmentLost               // a later fragment whose first was not seen
	TTLExpired                 // TTL or hop limit used up
	TooBig                     // longer than the MTU, and must not be fragmented
	NoRoute                    // no way to the next hop
	NoNeighbour                // the next hop does not answer
	NeighbourQueue             // too many packets wait for that neighbour
	NotForwarding              // for somebody else, and ip_forward is off
	OutboxFull                 // no memory of ours is free for a packet we make
	LinkFull                   // the device's queue was full
	LinkRefused                // the kernel refused the frame
	LinkDown                   // the interface is down
	Clipped                    // the ring could not hold the frame and the kernel kept no copy
	ToItself                   // for the director itself, which cannot be a real server yet
	NoHeadroom                 // no room before the frame for an outer header
	Sieved                     // given up under load: the sysctl drop_packet
	NoCall                     // the persistence engine found nothing to go by
	NoConn                     // a reply of no connection, and its server was told: the sysctl nat_icmp_send
	NoLocalPort                // every port of the local addresses is in use towards that server
	numDrops
)

var drops = [numDrops]string{
	None:           "none",
	NotOurs:        "not ours",
	Truncated:      "truncated header",
	BadLength:      "bad length",
	BadHeader:      "bad header",
	BadChecksum:    "bad checksum",
	Martian:        "martian source",
	TooManyExt:     "too many extension headers",
	NoServer:       "no server available",
	ServerGone:     "server deleted",
	TableFull:      "connection table full",
	Stray:          "stray",
	FragmentLost:   "fragment without its first",
	TTLExpired:     "ttl expired",
	TooBig:         "too big for the mtu",
	NoRoute:        "no route",
	NoNeighbour:    "neighbour does not answer",
	NeighbourQueue: "neighbour queue full",
	NotForwarding:  "ip_forward is off",
	OutboxFull:     "outbox full",
	LinkFull:       "link queue full",
	LinkRefused:    "link refused",
	LinkDown:       "link down",
	Clipped:        "clipped by the ring",
	ToItself:       "for the director itself",
	NoHeadroom:     "no headroom",
	Sieved:         "sieved under load",
	NoCall:         "no call-id",
	NoConn:         "reply of no connection",
	NoLocalPort:    "no local port free",
}

// Error is the reason in words.
func (d Drop) Error() string {
	if d < numDrops {
		return drops[d]
	}
	return "unknown reason"
}

// Drops is how many reasons there are: counters are arrays of that size.
const Drops = int(numDrops)
