// SPDX-License-Identifier: Apache-2.0

package host

import (
	"net/netip"

	"github.com/ulvs/ulvs/packet"
)

// A GuardSet says which packets are the director's, so that the kernel's own
// stack must not answer or forward them. The rules, in order, for unicast IP
// addressed to us on the link level:
//
//	of fragments that are not the first, which have no ports:
//	aside             to the address of a tuple aside: the host's
//	held              to an address that nobody but us holds: taken
//	virtual fragment  to the address of a virtual tuple, unless local: taken
//	local             to an address of the host: the host's
//	match fragment    from and to the addresses of a match: taken
//	real fragment     from the address of a real tuple: taken
//
//	of all else:
//	aside             to a tuple aside: the host's, and ours from its queue
//	held              to an address that nobody but us holds: taken
//	virtual           to a virtual tuple: taken
//	virtual error     an ICMP error to an address not local, about a packet from one: taken
//	match             what a match describes: taken
//	match error       an ICMP error to an address not local, about an answer to that: taken
//	back              from a real tuple to a port of ours at an end: taken
//	back error        an ICMP error to an end, about a packet from such a port to a real tuple: taken
//	local             to an address of the host: the host's
//	real              from a real tuple: taken
//	real error        an ICMP error about a packet to one: taken
//
// A later fragment to a local virtual address, or to an end, is left to the
// host, which forgets it, never having seen its first; so the host's own fragmented
// services on that address live on.
//
// Quoted packets with IPv4 options or IPv6 extension headers, and quoted later
// fragments, are left to the host: the kernel's rules cannot find their ports.
type GuardSet struct {
	Virtual []Tuple      // of the virtual services
	Held    []netip.Addr // virtual addresses that we answer ARP and ND for
	Real    []Tuple      // of the real servers whose replies come back through us
	Local   []netip.Addr // addresses of the host
	Matches []Match      // what our own mark rules mark for a service

	// Where connections to real servers come from addresses of the host's, it has
	// some of their ports for itself, and ours come from the others.
	Ends     []netip.Addr
	EndPorts []PortRange // ours, at each of these addresses

	// Where services go by marks that rules of the host's own set, packets come
	// from a queue behind those: see Marks. Both are empty where there is none.
	Marks []uint32 // of those services
	Aside []Tuple  // at virtual and held addresses, which such a rule may mark: see Marking
}

// A Tuple is one end of a conversation. Port zero is every port, as in a
// virtual service for all ports; Proto zero is each of TCP, UDP and SCTP, as
// at a real server of a service that goes by marks.
type Tuple struct {
	Proto uint8
	Addr  netip.AddrPort
}

// A Counter is how much a rule of the guard has met, both families together.
type Counter struct {
	Rule           string // as GuardSet names it; what rules local and aside count was left to the host
	Packets, Bytes uint64
}

// The rules' names, as counters and nft list show them.
const (
	ruleAside       = "aside"
	ruleHeld        = "held"
	ruleVirtual     = "virtual"
	ruleVirtualFrag = "virtual fragment"
	ruleVirtualErr  = "virtual error"
	ruleMatch       = "match"
	ruleMatchFrag   = "match fragment"
	ruleMatchErr    = "match error"
	ruleReal        = "real"
	ruleRealFrag    = "real fragment"
	ruleRealErr     = "real error"
	ruleBack        = "back"
	ruleBackErr     = "back error"
	ruleLocal       = "local"
)

var ruleNames = [...]string{
	ruleAside, ruleHeld, ruleVirtual, ruleVirtualFrag, ruleVirtualErr, ruleMatch, ruleMatchFrag, ruleMatchErr,
	ruleReal, ruleRealFrag, ruleRealErr, ruleBack, ruleBackErr, ruleLocal,
}

// ported are the protocols that virtual services speak.
var ported = [...]uint8{packet.ProtoTCP, packet.ProtoUDP, packet.ProtoSCTP}

// protocols are those that a protocol number of a Tuple or a Match stands for.
func protocols(proto uint8) []uint8 {
	if proto == 0 {
		return ported[:]
	}
	return []uint8{proto}
}

// roaming are the addresses of the virtual tuples that the host does not have.
func (g *GuardSet) roaming() []netip.Addr {
	local := make(map[netip.Addr]bool, len(g.Local))
	for _, a := range g.Local {
		local[a.Unmap()] = true
	}
	var out []netip.Addr
	for _, t := range g.Virtual {
		if a := t.Addr.Addr().Unmap(); !local[a] {
			out = append(out, a)
		}
	}
	return out
}

// fixed are the addresses of virtual tuples at which nothing is aside: what is
// sent there is known without a mark.
func (g *GuardSet) fixed() []netip.Addr {
	aside := make(map[netip.Addr]bool, len(g.Aside))
	for _, t := range g.Aside {
		aside[t.Addr.Addr()] = true
	}
	var out []netip.Addr
	for _, t := range g.Virtual {
		if a := t.Addr.Addr(); !aside[a] {
			out = append(out, a)
		}
	}
	return out
}

func addrsOf(list []Tuple) []netip.Addr {
	out := make([]netip.Addr, len(list))
	for i, t := range list {
		out[i] = t.Addr.Addr()
	}
	return out
}
