// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"encoding/binary"
	"net/netip"
	"strconv"

	"github.com/ulvs/ulvs"
)

// Names knows what addresses and ports are called here. A function that is nil
// knows no names.
type Names struct {
	Addr    func(host string) (netip.Addr, bool)                  // the host's first IPv4 address
	Host    func(netip.Addr) (string, bool)                       // the inverse of Addr
	Port    func(service string, proto ulvs.Proto) (uint16, bool) // the service's port
	Service func(port uint16, proto ulvs.Proto) (string, bool)    // the inverse of Port
}

func (n Names) addrOf(host string) (netip.Addr, bool) {
	if n.Addr == nil || host == "" {
		return netip.Addr{}, false
	}
	return n.Addr(host)
}

func (n Names) portOf(service string, proto ulvs.Proto) (uint16, bool) {
	if n.Port == nil || service == "" || proto == 0 {
		return 0, false
	}
	return n.Port(service, proto)
}

func (n Names) hostOf(a netip.Addr) string {
	if n.Host != nil {
		if name, ok := n.Host(a); ok {
			return name
		}
	}
	return literal(a)
}

func (n Names) serviceOf(port uint16, proto ulvs.Proto) string {
	if n.Service != nil && port != 0 {
		if name, ok := n.Service(port, proto); ok {
			return name
		}
	}
	return strconv.Itoa(int(port))
}

// maxEndpoint is how many bytes of a host:port are ever shown.
const maxEndpoint = 59

// endpoint shows host:port, with the names that are known; IPv6 has brackets
// around a name as well.
func (n Names) endpoint(ap netip.AddrPort, proto ulvs.Proto) string {
	host := n.hostOf(ap.Addr())
	if ap.Addr().Is6() {
		host = "[" + host + "]"
	}
	return cut(host+":"+n.serviceOf(ap.Port(), proto), maxEndpoint)
}

// literal is an address as C's inet_ntop writes it. That is netip's way, but
// for the old IPv4-compatible addresses.
func literal(a netip.Addr) string {
	b := a.As16()
	high, low := binary.BigEndian.Uint64(b[:8]), binary.BigEndian.Uint64(b[8:])
	if a.Is6() && high == 0 && low > 0xffff && low <= 0xffffffff {
		return "::" + netip.AddrFrom4([4]byte(b[12:])).String()
	}
	return a.String()
}

// cut is the text, or its first n bytes.
func cut(text string, n int) string { return text[:min(len(text), n)] }
