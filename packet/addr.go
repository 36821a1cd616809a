// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// An Addr is an IPv4 address in its IPv6-mapped form, or an IPv6 address. It
// holds no pointer, unlike netip.Addr, so that tables of millions of them cost
// the garbage collector nothing.
type Addr [16]byte

// AddrFrom is a as the tables hold it; the zero Addr for an invalid one.
func AddrFrom(a netip.Addr) Addr {
	if !a.IsValid() {
		return Addr{}
	}
	return a.As16()
}

// Netip is a as the rest of the world writes it; IPv4 is unmapped.
func (a Addr) Netip() netip.Addr {
	if a == (Addr{}) {
		return netip.Addr{}
	}
	return netip.AddrFrom16(a).Unmap()
}

// Is4 reports whether a is an IPv4 address.
func (a *Addr) Is4() bool {
	return binary.BigEndian.Uint64(a[0:8]) == 0 && binary.BigEndian.Uint32(a[8:12]) == 0xffff
}

// String is a in text; the zero Addr is the unspecified address of IPv6.
func (a Addr) String() string {
	if a == (Addr{}) {
		return "::"
	}
	return a.Netip().String()
}

// An Endpoint is an address and a port.
type Endpoint struct {
	Addr Addr
	Port uint16
}

// EndpointFrom is ap as the tables hold it.
func EndpointFrom(ap netip.AddrPort) Endpoint {
	return Endpoint{AddrFrom(ap.Addr()), ap.Port()}
}

// AddrPort is e as the rest of the world writes it.
func (e Endpoint) AddrPort() netip.AddrPort { return netip.AddrPortFrom(e.Addr.Netip(), e.Port) }

// String is e in text: 192.0.2.1:80, [2001:db8::1]:80.
func (e Endpoint) String() string { return e.AddrPort().String() }

// A Flow is one direction of a conversation.
type Flow struct {
	Src, Dst Endpoint
	Proto    uint8
}

// Reverse is the other direction.
func (f Flow) Reverse() Flow { return Flow{f.Dst, f.Src, f.Proto} }

// A Path is the four corners of a connection. Local is the source that the
// server's side sees: the client itself in nat and dr, an end of ours in
// fullnat, the outer source in tun.
type Path struct {
	Client, Virtual, Local, Server Endpoint
}

// Hash is a keyed hash of an endpoint and a protocol: clients choose their
// ports, so without a secret seed they could choose their chain as well.
func (e *Endpoint) Hash(proto uint8, seed uint64) uint64 {
	a := binary.LittleEndian.Uint64(e.Addr[0:8]) ^ seed
	b := binary.LittleEndian.Uint64(e.Addr[8:16]) ^ 0x9e3779b97f4a7c15
	hi, lo := bits.Mul64(a, b)
	c := uint64(e.Port)<<8 | uint64(proto)
	hi, lo = bits.Mul64(hi^lo^seed, c^0xd6e8feb86659fd93)
	return hi ^ lo
}
