// SPDX-License-Identifier: Apache-2.0

package host

import (
	"encoding/binary"
	"net/netip"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
)

// The sets that the rules look into; each name is followed by 4 or 6. Those
// called any hold tuples of port zero, without it.
const (
	setHeld       = "held"
	setLocal      = "local"
	setRoaming    = "roaming" // addresses of virtual tuples that are not local
	setRealAddr   = "real_addr"
	setVirtual    = "virtual"
	setVirtualAny = "virtual_any"
	setEnds       = "ends"
	setReal       = "real"
	setRealAny    = "real_any"
	setAside      = "aside"
	setAsideAny   = "aside_any"
	setAsideAddr  = "aside_addr"
	setErrors     = "icmp_errors" // never changes
	setPorted     = "ported"      // nor does this: the protocols of virtual services
)

var addrSets = [...]string{setHeld, setLocal, setRoaming, setRealAddr, setAsideAddr, setEnds}
var tupleSets = [...]string{setVirtual, setReal, setAside}
var anySets = [...]string{setVirtualAny, setRealAny, setAsideAny}

// sets are those of one IP version, empty but for the ICMP types.
func (l *layout) sets(t *nftables.Table) []*nftables.Set {
	proto, port := nftables.TypeInetProto, nftables.TypeInetService
	var out []*nftables.Set
	add := func(name string, key nftables.SetDatatype) {
		out = append(out, &nftables.Set{Table: t, Name: name + l.suffix, KeyType: key, KeyByteOrder: binaryutil.BigEndian})
	}
	for _, name := range addrSets {
		add(name, l.keyType())
	}
	for _, name := range tupleSets {
		add(name, l.keyType(proto, port))
	}
	for _, name := range anySets {
		add(name, l.keyType(proto))
	}
	icmp := nftables.TypeICMPType
	if l.size == 16 {
		icmp = nftables.TypeICMP6Type
	}
	add(setErrors, icmp)
	add(setPorted, proto)
	return out
}

// A content is the keys of each set, by the set's name.
type content map[string]map[string]struct{}

func (c content) put(set string, key []byte) {
	if c[set] == nil {
		c[set] = make(map[string]struct{})
	}
	c[set][string(key)] = struct{}{}
}

// contents is g as the sets hold it.
func (g *GuardSet) contents() content {
	c := make(content)
	for i := range layouts {
		l := &layouts[i]
		l.putAddrs(c, setHeld, g.Held)
		l.putAddrs(c, setLocal, g.Local)
		l.putAddrs(c, setRoaming, g.roaming())
		l.putAddrs(c, setEnds, g.Ends)
		l.putTuples(c, setVirtual, setVirtualAny, g.Virtual)
		l.putTuples(c, setReal, setRealAny, g.Real)
		l.putTuples(c, setAside, setAsideAny, g.Aside)
		l.putAddrs(c, setRealAddr, addrsOf(g.Real))
		l.putAddrs(c, setAsideAddr, addrsOf(g.Aside))
		l.putBytes(c, setErrors, l.errors)
		l.putBytes(c, setPorted, ported[:])
	}
	return c
}

func (l *layout) putBytes(c content, set string, list []uint8) {
	for _, b := range list {
		c.put(set+l.suffix, []byte{b})
	}
}

func (l *layout) putAddrs(c content, set string, list []netip.Addr) {
	for _, a := range list {
		if l.holds(a) {
			c.put(set+l.suffix, l.bytes(a))
		}
	}
}

// putTuples pads protocol and port to four bytes each: so they lie in the
// kernel's registers.
func (l *layout) putTuples(c content, exact, any string, list []Tuple) {
	for _, t := range list {
		if !l.holds(t.Addr.Addr()) {
			continue
		}
		for _, proto := range protocols(t.Proto) {
			key := append(l.bytes(t.Addr.Addr()), proto, 0, 0, 0)
			if t.Addr.Port() == 0 {
				c.put(any+l.suffix, key)
				continue
			}
			key = binary.BigEndian.AppendUint16(key, t.Addr.Port())
			c.put(exact+l.suffix, append(key, 0, 0))
		}
	}
}
