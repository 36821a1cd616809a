// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"encoding/binary"

	"github.com/ulvs/ulvs/packet"
)

// The three ways a director wraps a packet, as IPVS has them. The payload of
// the outer IP header is
//
//	ipip:            the inner packet        (protocol 4, or 41 if it is IPv6)
//	gre:  GRE header, the inner packet       (protocol 47)
//	gue:  UDP header, GUE header, the inner packet
type wrap uint8

const (
	wrapIPIP wrap = iota
	wrapGRE
	wrapGUE
)

var be = binary.BigEndian

// unwrap is what the payload carries.
func (w wrap) unwrap(b []byte) ([]byte, Drop) {
	switch w {
	case wrapGRE:
		return unwrapGRE(b)
	case wrapGUE:
		return unwrapGUE(b)
	}
	return b, none
}

// The GRE header (RFC 2784), with the flags of RFC 2890:
//
//	0 flags, version   2 EtherType   [4 checksum   6 reserved]   inner packet
const (
	greChecksum = 0x8000
	greKnown    = greChecksum // keys and sequence numbers were not agreed on
)

func unwrapGRE(b []byte) ([]byte, Drop) {
	if len(b) < 4 {
		return nil, Short
	}
	flags, kind, size := be.Uint16(b), be.Uint16(b[2:]), 4
	if flags&^greKnown != 0 {
		return nil, Unagreed
	}
	if kind != packet.TypeIPv4 && kind != packet.TypeIPv6 {
		return nil, NotIP
	}
	if flags&greChecksum != 0 {
		if size = 8; len(b) < size {
			return nil, Short
		}
		if packet.Sum(b, 0) != 0xffff {
			return nil, BadSum
		}
	}
	return b[size:], none
}

// The GUE header (draft-ietf-intarea-gue), of its two versions:
//
//	0 version 0, C bit, length of options / 4   1 protocol   2 flags   options
//	0 version 1: there is none, the inner packet begins here
//
// The one option that IPVS sends says which checksum of the inner packet is
// unfinished; that shows in the packet itself (see finished).
const (
	gueVersion = 0xc0
	gueControl = 0x20
	gueOptions = 0x1f
	guePrivate = 0x0001 // a flag: the options begin with four bytes more of flags
	gueRemote  = 1 << 31

	protoIPv4 = 4
	protoIPv6 = 41
)

func unwrapGUE(b []byte) ([]byte, Drop) {
	if len(b) < 4 {
		return nil, Short
	}
	switch {
	case b[0]&gueVersion == 0x40:
		return b, none
	case b[0]&gueVersion != 0 || b[0]&gueControl != 0:
		return nil, Unagreed
	case b[1] != protoIPv4 && b[1] != protoIPv6:
		return nil, NotIP
	}
	size := 4 + int(b[0]&gueOptions)*4
	if len(b) < size {
		return nil, Short
	}
	if !gueAgreed(be.Uint16(b[2:]), b[4:size]) {
		return nil, Unagreed
	}
	return b[size:], none
}

// gueAgreed reports whether the options are none, or the one that is known.
func gueAgreed(flags uint16, options []byte) bool {
	if flags == 0 {
		return true
	}
	return flags == guePrivate && len(options) == 8 && be.Uint32(options) == gueRemote
}
