// SPDX-License-Identifier: Apache-2.0

package ulvs

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// parseMasked reads MARK or MARK/MASK, decimal or 0x.
func parseMasked(text string) (mark, mask uint32, err error) {
	m, rest, masked := strings.Cut(text, "/")
	if !masked {
		rest = "0xffffffff"
	}
	a, err1 := strconv.ParseUint(m, 0, 32)
	b, err2 := strconv.ParseUint(rest, 0, 32)
	if err1 != nil || err2 != nil {
		return 0, 0, fmt.Errorf("want MARK or MARK/MASK, each from 0 to 4294967295 or 0xffffffff")
	}
	return uint32(a), uint32(b), nil
}

// parseProto reads a protocol by name or number; "all" is none.
func parseProto(text string) (p Proto, err error) {
	switch strings.ToLower(text) {
	case "all", "0":
		return 0, nil
	case "6":
		return TCP, nil
	case "17":
		return UDP, nil
	case "132":
		return SCTP, nil
	case "":
		return 0, fmt.Errorf("want tcp, udp, sctp or all")
	}
	if p.UnmarshalText([]byte(strings.ToLower(text))) != nil {
		return 0, fmt.Errorf("want tcp, udp, sctp or all")
	}
	return p, nil
}

// parseNetwork reads ADDRESS, ADDRESS/BITS or ADDRESS/MASK; the bits behind
// the prefix do not count, as in iptables.
func parseNetwork(text string) (netip.Prefix, error) {
	bad := fmt.Errorf("want an address, ADDRESS/BITS or ADDRESS/MASK, and one of them a rule")
	host, bits, prefixed := strings.Cut(text, "/")
	a, err := netip.ParseAddr(host)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		return netip.Prefix{}, bad
	}
	n := a.BitLen()
	if prefixed {
		if n, err = parseBits(bits, a); err != nil {
			return netip.Prefix{}, bad
		}
	}
	p, err := a.Prefix(n)
	if err != nil {
		return p, bad
	}
	return p, nil
}

// parseBits reads how many bits of an address a prefix has: 24, 255.255.255.0.
func parseBits(text string, of netip.Addr) (int, error) {
	mask, err := netip.ParseAddr(text)
	if err != nil {
		return strconv.Atoi(text)
	}
	if mask.Is4() != of.Is4() {
		return 0, fmt.Errorf("mask %v is of the other family", mask)
	}
	bits := 0
	for bits < mask.BitLen() && mask.AsSlice()[bits/8]<<(bits%8)&0x80 != 0 {
		bits++
	}
	if first, err := ones(mask).Prefix(bits); err != nil || first.Addr() != mask {
		return 0, fmt.Errorf("mask %v has holes", mask)
	}
	return bits, nil
}

// ones is the address of a's family that has all bits.
func ones(a netip.Addr) netip.Addr {
	b := a.AsSlice()
	for i := range b {
		b[i] = 0xff
	}
	all, _ := netip.AddrFromSlice(b)
	return all
}
