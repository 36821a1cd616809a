// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"github.com/ulvs/ulvs"
)

// An address is what stands behind -t, -u and -r.
type address struct {
	host   netip.Addr
	port   uint16
	ported bool // a port was written
}

// address reads host[:port], where the host is an IPv4 address in any form that
// inet_aton knows, an IPv6 address (in brackets if a port follows), or a name
// with an IPv4 address.
func (n Names) address(text string, proto ulvs.Proto) (address, bool) {
	if strings.Trim(text, "0123456789") == "" {
		return address{}, false
	}
	if strings.HasPrefix(text, "[") {
		host, port, ok := strings.Cut(text[1:], "]")
		if !ok || !strings.HasPrefix(port, ":") {
			return address{}, false
		}
		if a, ok := literal6(host); ok {
			return n.ported(a, port[1:], proto)
		}
		text = host // an IPv4 address in brackets loses the port behind them
	}
	if a, ok := literal6(text); ok {
		return address{host: a}, true
	}
	return n.address4(text, proto)
}

// address4 reads host[:port] of IPv4; the last colon divides.
func (n Names) address4(text string, proto ulvs.Proto) (address, bool) {
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		a, ok := n.host4(text)
		return address{host: a}, ok
	}
	a, ok := n.host4(text[:colon])
	if !ok {
		return address{}, false
	}
	return n.ported(a, text[colon+1:], proto)
}

// ported adds a port, which is a number or the name of a service.
func (n Names) ported(a netip.Addr, port string, proto ulvs.Proto) (address, bool) {
	if p, ok := integer(port, 0, 65535); ok {
		return address{a, uint16(p), true}, true
	}
	p, ok := n.portOf(port, proto)
	return address{a, p, true}, ok
}

// host4 is an IPv4 address, written or looked up.
func (n Names) host4(text string) (netip.Addr, bool) {
	if a, ok := aton(text); ok {
		return a, true
	}
	return n.addrOf(text)
}

// literal6 reads an IPv6 address without a zone.
func literal6(text string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(text)
	return a, err == nil && a.Is6() && a.Zone() == ""
}

// aton reads an IPv4 address as C's inet_aton does: one to four parts, each
// decimal, octal (0…) or hexadecimal (0x…), of which the last fills the bytes
// that are left; what follows a blank is not looked at.
func aton(text string) (netip.Addr, bool) {
	if i := strings.IndexAny(text, blanks); i >= 0 {
		text = text[:i]
	}
	parts := strings.Split(text, ".")
	if len(parts) > 4 {
		return netip.Addr{}, false
	}
	last := len(parts) - 1
	var sum uint64
	for i, part := range parts {
		bits := 8
		if i == last {
			bits = 8 * (4 - last)
		}
		v, ok := part4(part, bits)
		if !ok {
			return netip.Addr{}, false
		}
		sum = sum<<bits | v
	}
	return netip.AddrFrom4([4]byte(binary.BigEndian.AppendUint32(nil, uint32(sum)))), true
}

// part4 reads one part of an IPv4 address, of so many bits.
func part4(text string, bits int) (uint64, bool) {
	if text == "" || text[0] < '0' || text[0] > '9' {
		return 0, false
	}
	base := 10
	switch lower := strings.ToLower(text); {
	case strings.HasPrefix(lower, "0x"):
		base, text = 16, text[2:]
	case text[0] == '0':
		base = 8
	}
	v, err := strconv.ParseUint(text, base, bits)
	return v, err == nil
}
