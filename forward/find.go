// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"github.com/ulvs/ulvs/packet"
)

// The ports of FTP: what a client talks to, and where active FTP's data comes
// from, which the kernel never schedules.
const (
	ftp     = 21
	ftpData = 20
)

// unprivileged is the first port that any program may listen on: passive FTP
// announces none below it (net.ipv4.ip_unprivileged_port_start).
const unprivileged = 1024

// find is the service that a packet to f.Dst belongs to, nil if there is none,
// in the kernel's order (ip_vs_service_find): the packet's mark, whatever its
// protocol; exactly this port; FTP's data, at the service for its commands; a
// service for all ports.
func (c *config) find(f *packet.Flow, mark uint32) *service {
	if mark != 0 {
		if s := c.marks[marked{mark, f.Dst.Addr.Is4()}]; s != nil {
			return s
		}
	}
	at := virtual{f.Proto, f.Dst}
	if s := c.services[at]; s != nil {
		return s
	}
	if c.ftp && f.Proto == packet.ProtoTCP && (at.end.Port == ftpData || at.end.Port >= unprivileged) {
		at.end.Port = ftp
		if s := c.services[at]; s != nil {
			return s
		}
	}
	if c.anyPort {
		at.end.Port = 0
		return c.services[at]
	}
	return nil
}
