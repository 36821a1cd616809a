// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/gopacket/layers"

	"github.com/ulvs/ulvs/packet"
)

// A sent is what a merger passed on.
type sent struct {
	h vnetHeader
	b []byte
}

// merged is what becomes of a batch.
func merged(t *testing.T, batch [][]byte) (all []sent) {
	t.Helper()
	m := newMerger(func(h *vnetHeader, pieces [][]byte) { all = append(all, sent{*h, slices.Concat(pieces...)}) })
	for _, b := range batch {
		p, why := readInner(bytes.Clone(b))
		if why != none {
			t.Fatal(why)
		}
		m.add(p)
	}
	m.flush()
	return all
}

// cut makes segments of a super-frame again, as virtio says that it is to be
// done: the slow twin of merging.
func (s sent) cut(t *testing.T) (all [][]byte) {
	t.Helper()
	le := binary.NativeEndian
	head, size := int(le.Uint16(s.h[2:])), int(le.Uint16(s.h[4:]))
	l4 := int(le.Uint16(s.h[6:]))
	if s.h[1] == packet.GSONone {
		return [][]byte{s.finish(t, s.b, s.h[0] != 0, l4, l4+int(le.Uint16(s.h[8:])))}
	}
	for at := head; at < len(s.b); at += size {
		end := min(at+size, len(s.b))
		b := slices.Concat(s.b[:head], s.b[at:end])
		be.PutUint32(b[l4+4:], be.Uint32(b[l4+4:])+uint32(at-head))
		if end < len(s.b) {
			b[l4+13] &^= byte(packet.PSH)
		}
		pseudo, lengthAt, fixed := s.b[12:20], 2, 0
		if b[0]>>4 == 6 {
			pseudo, lengthAt, fixed = s.b[8:40], 4, 40
		}
		if want := uint16(packet.Sum(pseudo, uint32(6+len(s.b)-l4))); be.Uint16(s.b[l4+16:]) != want {
			t.Errorf("the pseudo-header's sum is %x, want %x", be.Uint16(s.b[l4+16:]), want)
		}
		be.PutUint16(b[lengthAt:], uint16(len(b)-fixed))
		if fixed == 0 {
			if packet.Sum(s.b[:20], 0) != 0xffff || int(be.Uint16(s.b[2:])) != len(s.b) {
				t.Error("the super-frame's IPv4 header is wrong")
			}
			be.PutUint16(b[10:], 0)
			be.PutUint16(b[10:], checksum(b[:20]))
		} else if int(be.Uint16(s.b[4:]))+40 != len(s.b) {
			t.Error("the super-frame's IPv6 header is wrong")
		}
		be.PutUint16(b[l4+16:], uint16(packet.Sum(pseudo, uint32(6+len(b)-l4))))
		all = append(all, s.finish(t, b, true, l4, l4+16))
	}
	return all
}

// finish finishes a checksum.
func (s sent) finish(t *testing.T, b []byte, needed bool, start, at int) []byte {
	if needed {
		be.PutUint16(b[at:], checksum(b[start:]))
	}
	return b
}

// flow is the four ends of a segment, as bytes.
func flow(b []byte) string {
	if b[0]>>4 == 4 {
		return string(b[12:24])
	}
	return string(b[8:44])
}

// perFlow sorts packets by their connection, in their order.
func perFlow(all [][]byte) map[string][][]byte {
	m := map[string][][]byte{}
	for _, b := range all {
		m[flow(b)] = append(m[flow(b)], b)
	}
	return m
}

// TestMergeThereAndBack draws batches of all kinds of segments, and wants what
// comes out, cut again, to be what went in, connection by connection.
func TestMergeThereAndBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	merges := 0
	for range 400 {
		batch := drawBatch(r)
		all := merged(t, batch)
		var back [][]byte
		for _, s := range all {
			back = append(back, s.cut(t)...)
		}
		merges += len(batch) - len(all)
		want, got := perFlow(batch), perFlow(back)
		for f, list := range want {
			if !slices.EqualFunc(list, got[f], bytes.Equal) {
				t.Fatalf("%d segments became %d others", len(list), len(got[f]))
			}
		}
		if len(back) != len(batch) {
			t.Fatalf("%d packets became %d", len(batch), len(back))
		}
	}
	if merges < 2000 {
		t.Errorf("%d packets were merged into others: too few to prove anything", merges)
	}
}

// drawBatch draws up to 64 packets of some connections, most of them in order.
func drawBatch(r *rand.Rand) (batch [][]byte) {
	next := make([]uint32, 20)
	for i := range next {
		next[i] = -uint32(r.IntN(10000)) // some wrap around
	}
	size := 1 + r.IntN(1400)
	for range 1 + r.IntN(64) {
		i := r.IntN(1 + r.IntN(len(next)))
		s := seg{src: client4, dst: web4, seq: next[i], flags: packet.ACK, payload: make([]byte, size)}
		if i%2 == 1 {
			s.src, s.dst = client6, web6
		}
		s.src = netip.AddrPortFrom(s.src.Addr(), uint16(5000+i))
		switch r.IntN(30) {
		case 0:
			s.flags |= packet.FIN
		case 1, 2:
			s.flags |= packet.PSH
		case 3:
			s.payload = s.payload[:r.IntN(size)]
		case 4:
			s.payload = make([]byte, size+1)
		case 5:
			s.seq += 5
		case 6:
			s.class = 8
		case 7:
			s.options = []layers.TCPOption{{OptionType: layers.TCPOptionKindNop}}
		}
		for j := range s.payload {
			s.payload[j] = byte(r.Uint32())
		}
		b := s.bytes()
		if r.IntN(30) == 0 {
			b = flip(b, len(b)-1) // a wrong checksum stays wrong
		}
		next[i] = s.seq + uint32(len(s.payload))
		batch = append(batch, b)
	}
	return batch
}

// TestMergeWhole: an undisturbed stream becomes one super-frame.
func TestMergeWhole(t *testing.T) {
	var batch [][]byte
	for i := range 46 {
		batch = append(batch, seg{src: client4, dst: web4, seq: uint32(i * 1400), flags: packet.ACK, payload: make([]byte, 1400)}.bytes())
	}
	if all := merged(t, batch); len(all) != 1 || len(all[0].b) != 40+46*1400 {
		t.Errorf("%d packets, the first of %d bytes", len(all), len(all[0].b))
	}
	batch = append(batch, seg{src: client4, dst: web4, seq: 46 * 1400, flags: packet.ACK, payload: make([]byte, 1400)}.bytes())
	if all := merged(t, batch); len(all) != 2 {
		t.Errorf("%d packets: IPv4 holds no more than 65535 bytes", len(all))
	}
}

// TestMergeAllocates nothing once it has room.
func TestMergeAllocates(t *testing.T) {
	var batch []inner
	for i := range 20 {
		p, _ := readInner(seg{src: client4, dst: web4, seq: uint32(i * 100), flags: packet.ACK, payload: make([]byte, 100)}.bytes())
		batch = append(batch, p)
	}
	m := newMerger(func(*vnetHeader, [][]byte) {})
	n := testing.AllocsPerRun(100, func() {
		for _, p := range batch {
			m.add(p)
		}
		m.flush()
	})
	if n != 0 {
		t.Errorf("%v allocations a batch", n)
	}
}
