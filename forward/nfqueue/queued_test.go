// SPDX-License-Identifier: Apache-2.0

package nfqueue

import (
	"testing"

	"github.com/ulvs/ulvs/packet"
)

// aMessage is what the kernel says of a packet of eight bytes.
func aMessage() []byte {
	m := head(nil, msgPacket, 0, 7)
	m = attribute(m, attrHeader, 0, 0, 0, 9, 0x86, 0xdd, 0)
	m = attribute(m, attrMark, 0, 0, 1, 2)
	m = attribute(m, attrDevice, 0, 0, 0, 3)
	m = attribute(m, attrSender, 0, 6, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0)
	m = attribute(m, attrPayload, []byte("a packet")...)
	native.PutUint32(m, uint32(len(m)))
	return m
}

func TestRead(t *testing.T) {
	m := append([]byte("before"), aMessage()...)
	var q queued
	if !q.read(m, 6) {
		t.Fatal("it is no packet")
	}
	want := queued{id: 9, mark: 258, device: 3, kind: packet.TypeIPv6, from: packet.MAC{1, 2, 3, 4, 5, 6}, begin: len(m) - 8, end: len(m)}
	if q != want {
		t.Errorf("read %+v, want %+v", q, want)
	}
}

// TestReadCut tells a packet that is not all here, and what is none.
func TestReadCut(t *testing.T) {
	m := attribute(aMessage(), attrWhole, 0, 0, 1, 0)
	native.PutUint32(m, uint32(len(m)))
	var q queued
	if !q.read(m, 0) || !q.cut {
		t.Error("it passes for whole")
	}
	native.PutUint16(m[4:], 2) // NLMSG_ERROR
	if q = (queued{}); q.read(m, 0) {
		t.Error("an error passes for a packet")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(aMessage())
	f.Fuzz(func(t *testing.T, b []byte) {
		var q queued
		if q.read(b, 0) && (q.begin > q.end || q.end > len(b)) {
			t.Errorf("the packet lies from %d to %d of %d", q.begin, q.end, len(b))
		}
	})
}

// TestDropped reads a table as Linux 6.18 printed it, with two counters made up.
func TestDropped(t *testing.T) {
	table := "52400  28034     0 2 65531     3     4     5867  1\n" +
		"52401  28035     0 2 65531     7     0        1  1\n"
	for number, want := range map[uint16]uint64{52400: 7, 52401: 7, 52402: 0} {
		if n := dropped([]byte(table), number); n != want {
			t.Errorf("queue %d dropped %d, want %d", number, n, want)
		}
	}
}
