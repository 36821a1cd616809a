// SPDX-License-Identifier: Apache-2.0

package nfqueue

import (
	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

// The attributes of a queued packet that we read.
const (
	attrHeader  = 1 // id 4, EtherType 2, hook 1
	attrMark    = 3
	attrDevice  = 5 // the index of the interface that it came in by
	attrSender  = 9 // length 2, pad 2, link-level address 8
	attrPayload = 10
	attrWhole   = 13 // how long the packet is, if not all of it is here
)

// A queued is what a message says of a packet, which lies from begin to end.
type queued struct {
	id, mark, device uint32
	kind             uint16 // EtherType
	from             packet.MAC
	begin, end       int
	cut              bool // not all of it is here
}

// read reads the message that lies in b from at on; false: it is about no
// packet.
func (q *queued) read(b []byte, at int) bool {
	if len(b)-at < headLen || native.Uint16(b[at+4:]) != msgPacket {
		return false // an error that nobody asked for
	}
	end := min(len(b), at+int(native.Uint32(b[at:])))
	for at += headLen; at+attrLen <= end; {
		n := int(native.Uint16(b[at:]))
		if n < attrLen || at+n > end {
			break
		}
		q.attribute(native.Uint16(b[at+2:])&^unix.NLA_F_NESTED, b[:at+n], at+attrLen)
		at += (n + 3) &^ 3
	}
	return q.id != 0
}

// attribute reads one, which lies from at on, to the end of b.
func (q *queued) attribute(kind uint16, b []byte, at int) {
	data := b[at:]
	switch {
	case kind == attrPayload:
		q.begin, q.end = at, len(b)
	case len(data) < 4:
	case kind == attrHeader && len(data) >= 6:
		q.id, q.kind = be.Uint32(data), be.Uint16(data[4:])
	case kind == attrMark:
		q.mark = be.Uint32(data)
	case kind == attrDevice:
		q.device = be.Uint32(data)
	case kind == attrSender && be.Uint16(data) == 6 && len(data) >= 10:
		copy(q.from[:], data[4:])
	case kind == attrWhole:
		q.cut = true
	}
}
