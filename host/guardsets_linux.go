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
	setReal       = "real"
	setRealAny    = "real_any"
	setErrors     = "icmp_errors" // never changes
)

var addrSets = [...]string{setHeld, setLocal, setRoaming, setRealAddr}
var tupleSets = [...]string{setVirtual, setReal}
var anySets = [...]string{setVirtualAny, setRealAny}

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
		l.putTuples(c, setVirtual, setVirtualAny, g.Virtual)
		l.putTuples(c, setReal, setRealAny, g.Real)
		for _, t := range g.Real {
			l.putAddrs(c, setRealAddr, []netip.Addr{t.Addr.Addr()})
		}
		for _, e := range l.errors {
			c.put(setErrors+l.suffix, []byte{e})
		}
	}
	return c
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
		key := append(l.bytes(t.Addr.Addr()), t.Proto, 0, 0, 0)
		if t.Addr.Port() == 0 {
			c.put(any+l.suffix, key)
			continue
		}
		key = binary.BigEndian.AppendUint16(key, t.Addr.Port())
		c.put(exact+l.suffix, append(key, 0, 0))
	}
}
