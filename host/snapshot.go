// SPDX-License-Identifier: Apache-2.0

package host

import (
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs/packet"
)

// A Snapshot is what the host knew at one moment. It never changes, so any
// number of workers may ask it, and no question allocates.
//
// It follows tables local and main, as a host without policy rules does; rules
// made with ip rule are not followed.
type Snapshot struct {
	links
	*fibs
	neighbours map[hop]Neighbour
	ephemeral  PortRange
}

// links are the interfaces and their addresses.
type links struct {
	interfaces []Interface
	byIndex    map[int]int // to interfaces
	addrs      []Address
	nets       map[int][]subnet // by interface index
	own        map[packet.Addr]struct{}
}

// fibs are the routing tables, in the order in which they are asked.
type fibs struct{ local, main *fib }

// A subnet is an address of an interface and what it reaches there directly.
type subnet struct {
	addr  packet.Addr
	net   prefix
	avoid bool
}

type hop struct {
	ifindex int
	addr    packet.Addr
}

// Build makes a snapshot of facts. The addresses are local and their subnets
// on link whether or not the routes say so.
func Build(f Facts) *Snapshot {
	return &Snapshot{buildLinks(f), buildFibs(f), buildNeighbours(f), f.Ephemeral}
}

func buildLinks(f Facts) links {
	l := links{
		interfaces: slices.Clone(f.Interfaces),
		byIndex:    make(map[int]int, len(f.Interfaces)),
		addrs:      slices.Clone(f.Addrs),
		nets:       make(map[int][]subnet),
		own:        make(map[packet.Addr]struct{}, len(f.Addrs)),
	}
	for i := range l.interfaces {
		l.byIndex[l.interfaces[i].Index] = i
	}
	for _, a := range f.Addrs {
		addr := packet.AddrFrom(a.Prefix.Addr())
		l.own[addr] = struct{}{}
		reach := a.Prefix
		if a.Peer.IsValid() {
			reach = a.Peer
		}
		l.nets[a.IfIndex] = append(l.nets[a.IfIndex], subnet{addr, prefixFrom(reach), a.Avoid})
	}
	return l
}

func buildFibs(f Facts) *fibs {
	t := &fibs{newFib(), newFib()}
	mtu := make(map[int]int, len(f.Interfaces))
	for _, i := range f.Interfaces {
		mtu[i.Index] = i.MTU
	}
	for _, e := range f.Routes {
		if e.Route.MTU == 0 {
			e.Route.MTU = mtu[e.IfIndex]
		}
		if e.Local {
			t.local.add(e.Dst, e.Metric, e.Route)
		} else {
			t.main.add(e.Dst, e.Metric, e.Route)
		}
	}
	for _, a := range f.Addrs {
		own := netip.PrefixFrom(a.Prefix.Addr(), a.Prefix.Addr().BitLen())
		t.local.add(own, 0, Route{Kind: Local, IfIndex: a.IfIndex, MTU: mtu[a.IfIndex]})
	}
	return t
}

func buildNeighbours(f Facts) map[hop]Neighbour {
	m := make(map[hop]Neighbour, len(f.Neighbours))
	for _, n := range f.Neighbours {
		m[hop{n.IfIndex, n.Addr}] = n
	}
	return m
}
