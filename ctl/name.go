// SPDX-License-Identifier: Apache-2.0

package ctl

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/ulvs/ulvs"
)

// What stands in a path in the place of the protocol for services by mark, in
// front of the mark.
const (
	mark4 = "fwm"
	mark6 = "fwm6"
)

// fill puts the names of a service and a server into a path.
func fill(path string, id ulvs.ID, server netip.AddrPort) string {
	proto, addr := nameID(id)
	return strings.NewReplacer(
		"{proto}", url.PathEscape(proto),
		"{addr}", url.PathEscape(addr),
		"{server}", url.PathEscape(server.String()),
	).Replace(path)
}

// nameID is a service as the two parts of a path that name it.
func nameID(id ulvs.ID) (proto, addr string) {
	switch {
	case id.Mark == 0:
		text, _ := id.Proto.MarshalText() // one that has no name finds no service
		return string(text), id.Addr.String()
	case id.Addr.Addr().Is6():
		return mark6, fmt.Sprint(id.Mark)
	}
	return mark4, fmt.Sprint(id.Mark)
}

// nameOf reads the service and the server that the path names.
func nameOf(req *http.Request) (c ulvs.Command, err error) {
	if c.Service.ID, err = parseID(req.PathValue("proto"), req.PathValue("addr")); err != nil {
		return c, err
	}
	return c, parseAddr(&c.Server.Addr, req.PathValue("server"))
}

// parseID is the inverse of nameID; two empty parts are the zero ID.
func parseID(proto, addr string) (id ulvs.ID, err error) {
	if proto == mark4 || proto == mark6 {
		n, err := strconv.ParseUint(addr, 10, 32)
		if err != nil || n == 0 {
			return id, fmt.Errorf("mark %q: want 1 to 4294967295: %w", addr, ulvs.ErrInvalid)
		}
		return ulvs.ID{Mark: uint32(n), Addr: anyAddr(proto == mark6)}, nil
	}
	if err := id.Proto.UnmarshalText([]byte(proto)); err != nil {
		return id, fmt.Errorf("%w: %w", ulvs.ErrInvalid, err)
	}
	return id, parseAddr(&id.Addr, addr)
}

// anyAddr stands where a service by mark has no address, and tells its family.
func anyAddr(six bool) netip.AddrPort {
	if six {
		return netip.AddrPortFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.AddrPortFrom(netip.IPv4Unspecified(), 0)
}

func parseAddr(a *netip.AddrPort, text string) error {
	if err := a.UnmarshalText([]byte(text)); err != nil {
		return fmt.Errorf("address %q: want ADDRESS:PORT: %w", text, ulvs.ErrInvalid)
	}
	return nil
}
