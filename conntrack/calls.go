// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"encoding/binary"
	"hash/maphash"

	"github.com/ulvs/ulvs/packet"
)

// MaxCall is the longest text that a persistence engine may remember, in bytes
// (IP_VS_PEDATA_MAXLEN of the kernel).
const MaxCall = 255

// calls holds what persistence engines found, for the few templates that have
// any: SIP's Call-ID.
type calls struct {
	seeds [2]maphash.Seed
	place map[uint32]uint32 // by the template's number
	texts []text
	free  []uint32
}

type text struct {
	len   uint8
	bytes [MaxCall]byte
}

// end stands for a call in the index, so that calls from one network do not
// share one chain: 128 bits of a hash that nobody outside can foresee.
func (x *calls) end(call []byte) (e packet.Endpoint) {
	if x.place == nil {
		x.place = map[uint32]uint32{}
		x.seeds = [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}
	}
	binary.NativeEndian.PutUint64(e.Addr[:8], maphash.Bytes(x.seeds[0], call))
	binary.NativeEndian.PutUint64(e.Addr[8:], maphash.Bytes(x.seeds[1], call))
	return e
}

// maxCalls bounds the memory of calls: 16 MB.
const maxCalls = 1 << 16

// RoomForCalls reports whether one more template can have a call.
func (t *Table) RoomForCalls() bool { return len(t.calls.place) < maxCalls }

func (x *calls) remember(num uint32, call []byte) {
	if len(call) == 0 || len(call) > MaxCall {
		return
	}
	var at uint32
	if last := len(x.free) - 1; last >= 0 {
		at, x.free = x.free[last], x.free[:last]
	} else {
		at = uint32(len(x.texts))
		x.texts = append(x.texts, text{})
	}
	x.texts[at].len = uint8(copy(x.texts[at].bytes[:], call))
	x.place[num] = at
}

func (x *calls) of(num uint32) []byte {
	at, ok := x.place[num]
	if !ok {
		return nil
	}
	return x.texts[at].bytes[:x.texts[at].len]
}

func (x *calls) forget(num uint32) {
	if at, ok := x.place[num]; ok {
		delete(x.place, num)
		x.free = append(x.free, at)
	}
}
