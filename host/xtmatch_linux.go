// SPDX-License-Identifier: Apache-2.0

package host

import (
	"encoding/binary"

	"github.com/google/nftables/expr"
	"github.com/google/nftables/xt"
)

// portMatch is the ranges of destination ports that a match of iptables asks
// for, and whether it wants all others; nil if it asks for none.
func portMatch(e *expr.Match) (ranges [][2]uint16, inverted bool) {
	switch info := e.Info.(type) {
	case *xt.Tcp:
		return single(info.DstPorts), info.InvFlags&xt.TcpInvDestPorts != 0
	case *xt.Udp:
		return single(info.DstPorts), info.InvFlags&xt.UdpInvDestPorts != 0
	case *xt.Unknown:
		if e.Name == "multiport" && e.Rev == 1 {
			return multiport(*info)
		}
	}
	return nil, false
}

// single is a range that is not simply every port.
func single(r [2]uint16) [][2]uint16 {
	if r == [2]uint16{0, 0xffff} {
		return nil
	}
	return [][2]uint16{r}
}

// multiport reads the kernel's struct xt_multiport_v1: which ports (0 source,
// 1 destination, 2 either), how many, 15 ports in host order, for each whether
// the next one ends its range, and whether all is inverted.
func multiport(b []byte) (ranges [][2]uint16, inverted bool) {
	const most, pflags, invert = 15, 2 + 2*15, 2 + 3*15
	if len(b) <= invert || b[0] != 1 || b[1] > most {
		return nil, false
	}
	for i := 0; i < int(b[1]); i++ {
		r := [2]uint16{}
		r[0] = binary.NativeEndian.Uint16(b[2+2*i:])
		r[1] = r[0]
		if b[pflags+i] != 0 && i+1 < int(b[1]) {
			i++
			r[1] = binary.NativeEndian.Uint16(b[2+2*i:])
		}
		ranges = append(ranges, r)
	}
	return ranges, b[invert] != 0
}

// targetMarks is how a target of iptables marks the packet. MARK of revision 2
// is a value and a mask. CONNMARK says what it does in its 13th byte, and from
// revision 2 on in its 15th: 2 is to restore a mark that we do not know.
func targetMarks(e *expr.Target) []marking {
	info, ok := e.Info.(*xt.Unknown)
	if !ok {
		return nil
	}
	const restore = 2
	b, mode := *info, 12
	if e.Rev > 1 {
		mode = 14
	}
	switch {
	case e.Name == "MARK" && e.Rev == 2 && len(b) >= 8:
		return []marking{{binary.NativeEndian.Uint32(b), binary.NativeEndian.Uint32(b[4:])}}
	case e.Name == "CONNMARK" && len(b) > mode && b[mode] == restore:
		return []marking{{}}
	}
	return nil
}
