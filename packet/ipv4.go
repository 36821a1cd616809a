// SPDX-License-Identifier: Apache-2.0

package packet

// The IPv4 header (RFC 791 §3.1), with the offsets in use here:
//
//	 0 version, header length   1 TOS        2 total length
//	 4 identification           6 flags (DF 0x4000, MF 0x2000), fragment offset / 8
//	 8 TTL   9 protocol        10 checksum
//	12 source                  16 destination     20 options
const (
	dontFragment  = 0x4000
	moreFragments = 0x2000
	offsetMask    = 0x1fff
)

// read4 reads the IPv4 header at b[at:].
func (h *ip) read4(b []byte, at int) Drop {
	if at+sizeIPv4 > len(b) {
		return Truncated
	}
	v := b[at : at+sizeIPv4 : at+sizeIPv4]
	size := int(v[0]&0xf) * 4
	if v[0]>>4 != 4 || size < sizeIPv4 {
		return BadHeader
	}
	if at+size > len(b) {
		return Truncated
	}
	h.opts, h.l4 = at+size, at+size
	if h.end = at + int(be.Uint16(v[2:])); h.end < h.l4 {
		return BadLength
	}
	h.flow.Proto = v[9]
	h.flow.Src.Addr.set4(v[12:])
	h.flow.Dst.Addr.set4(v[16:])
	h.fragment4(v)
	return None
}

func (h *ip) fragment4(v []byte) {
	word := be.Uint16(v[6:])
	if word&(moreFragments|offsetMask) == 0 {
		return
	}
	h.id, h.frag = uint32(be.Uint16(v[4:])), First
	if word&offsetMask != 0 {
		h.frag = Later
	}
}

// good4 reports whether the checksum of an IPv4 header is right. It is always
// a finished one, and costs little; the kernel drops a packet with a wrong one.
func good4(header []byte) bool { return Sum(header, 0) == 0xffff }

// seal4 writes the checksum of an IPv4 header anew.
func seal4(header []byte) {
	be.PutUint16(header[10:], 0)
	be.PutUint16(header[10:], ^uint16(Sum(header, 0)))
}

// addr4 is the IPv4 address in the first four bytes of b.
func addr4(b []byte) (a Addr) {
	a.set4(b)
	return a
}

// set4 writes whole words: built byte by byte and copied, an address costs
// 8 ns more to parse.
func (a *Addr) set4(b []byte) {
	be.PutUint64(a[0:], 0)
	be.PutUint64(a[8:], 0xffff<<32|uint64(be.Uint32(b)))
}
