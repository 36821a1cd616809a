// SPDX-License-Identifier: Apache-2.0

package packet

// The IPv6 header (RFC 8200 §3), with the offsets in use here:
//
//	0 version, traffic class, flow label
//	4 payload length   6 next header   7 hop limit
//	8 source                          24 destination     40 extension headers

// maxExt bounds how many extension headers are followed. Honest packets have
// one or two; each costs a cache line and a chance to hide.
const maxExt = 8

// read6 reads the IPv6 header at b[at:], and the extension headers behind it.
// A payload length of zero is what it says: jumbograms (RFC 2675) are not read.
func (h *ip) read6(b []byte, at int) Drop {
	if at+sizeIPv6 > len(b) {
		return Truncated
	}
	v := b[at : at+sizeIPv6 : at+sizeIPv6]
	if v[0]>>4 != 6 {
		return BadHeader
	}
	h.opts, h.l4 = at+sizeIPv6, at+sizeIPv6
	h.end = h.l4 + int(be.Uint16(v[4:]))
	h.flow.Proto = v[6]
	h.flow.Src.Addr, h.flow.Dst.Addr = Addr(v[8:]), Addr(v[24:])
	if h.flow.Src.Addr.Is4() || h.flow.Dst.Addr.Is4() {
		return BadHeader // a mapped address on the wire would pass for an IPv4 flow
	}
	return h.extensions(b[:min(h.end, len(b))])
}

// extensions walks to the first header that is none of IPv6's own.
func (h *ip) extensions(b []byte) Drop {
	for range maxExt + 1 {
		size := 8
		if !isExtension(h.flow.Proto) {
			return None
		}
		if h.l4+size > len(b) {
			return Truncated
		}
		v := b[h.l4 : h.l4+size]
		if h.flow.Proto == extFragment {
			h.fragment6(v)
		} else {
			size += int(v[1]) * 8
		}
		h.flow.Proto = v[0]
		if h.l4 += size; h.l4 > len(b) {
			return Truncated
		}
		if h.frag == Later {
			return None // what follows is the middle of something
		}
	}
	return TooManyExt
}

// isExtension reports whether a header of that number is walked over.
func isExtension(proto uint8) bool {
	switch proto {
	case extHopByHop, extRouting, extFragment, extDestination:
		return true
	}
	return false
}

// fragment6 reads the fragment header (RFC 8200 §4.5). One that says first and
// last at once is no fragment: RFC 6946 calls it atomic.
func (h *ip) fragment6(v []byte) {
	word := be.Uint16(v[2:])
	switch {
	case word&^7 != 0:
		h.frag = Later
	case word&1 != 0:
		h.frag = First
	default:
		return
	}
	h.id = be.Uint32(v[4:])
}
