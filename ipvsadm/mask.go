// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"math/bits"
	"net/netip"
	"strconv"
)

// all4 is the mask that makes each IPv4 client one of its own.
var all4 = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// mask6 is the mask of so many leading bits; all of them are the zero Addr, as
// in ulvs.Service.
func mask6(ones int) netip.Addr {
	if ones == 128 {
		return netip.Addr{}
	}
	var b [16]byte
	for i := range ones {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom16(b)
}

// maskText is a mask as -M takes it: dotted, or the number of leading bits of
// IPv6; "" if it is all bits.
func maskText(mask netip.Addr) string {
	if !mask.IsValid() || mask == all4 {
		return ""
	}
	if mask.Is4() {
		return mask.String()
	}
	ones := 0
	for _, b := range mask.As16() {
		ones += bits.OnesCount8(b)
	}
	if ones == 128 {
		return ""
	}
	return strconv.Itoa(ones)
}
