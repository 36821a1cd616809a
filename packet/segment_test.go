// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"bytes"
	"fmt"
	"testing"
)

// segments are the packets a super-frame is, in memory of our own.
func segments(t testing.TB, super *Packet) []Packet {
	t.Helper()
	all := make([]Packet, super.Segments())
	for i := range all {
		all[i] = Packet{Buf: make([]byte, Headroom+200+int(super.Offload.Seg)), Off: Headroom}
		if !all[i].Segment(super, i) {
			t.Fatalf("no segment %d of %d", i, len(all))
		}
	}
	return all
}

// The segments of a super-frame are those that the same lines draw.
func TestSegment(t *testing.T) {
	const v4, v6 = "198.51.100.7:1 > 192.0.2.1:2 ", "[2001:db8::7]:1 > [2001:db8::1]:2 "
	for _, c := range []struct {
		super string
		want  []string
	}{
		{v4 + "tcp FPAEC gso 100 len 250 seq 0xffffffc0 id 0xffff df", []string{
			v4 + "tcp AEC len 100 seq 0xffffffc0 id 0xffff df", v4 + "tcp AE len 100 seq 36 id 0 df", v4 + "tcp FPAE len 50 seq 136 id 1 df"}},
		{v4 + "tcp PA [ts 1 2] gso 100 full len 200 seq 5 tos 0x12 ttl 3", []string{
			v4 + "tcp A [ts 1 2] len 100 seq 5 tos 0x12 ttl 3", v4 + "tcp PA [ts 1 2] len 100 seq 105 tos 0x12 ttl 3 id 1"}},
		{v6 + "tcp FA [ts 1 2] gso 100 len 101 seq 5 tos 0x12 ttl 3", []string{
			v6 + "tcp A [ts 1 2] len 100 seq 5 tos 0x12 ttl 3", v6 + "tcp FA [ts 1 2] len 1 seq 105 tos 0x12 ttl 3"}},
		{v4 + "udp gso 100 len 250 partial id 7", []string{v4 + "udp len 100 id 7", v4 + "udp len 100 id 8", v4 + "udp len 50 id 9"}},
		{v6 + "udp gso 100 len 150 partial", []string{v6 + "udp len 100", v6 + "udp len 50"}},
		{v4 + "tcp PA gso 100 len 10", []string{v4 + "tcp PA len 10"}},
		{v4 + "tcp PA gso 100", []string{v4 + "tcp PA"}},
	} {
		super := must(t, c.super)
		got := segments(t, super)
		if len(got) != len(c.want) {
			t.Errorf("%s: %d segments", c.super, len(got))
			continue
		}
		for i, line := range c.want {
			want, p := must(t, line), &got[i]
			if !bytes.Equal(p.Buf[p.Off:p.End], want.Buf[want.Off:want.End]) {
				t.Errorf("%s, segment %d\ngot  %s\nwant %s", c.super, i, p.Text(), line)
			}
			if p.L3-p.Off != want.L3-want.Off || p.L4-p.Off != want.L4-want.Off || p.Flow != want.Flow || p.Flags != want.Flags || p.Offload != (Offload{}) {
				t.Errorf("%s, segment %d: Parse would find something else", c.super, i)
			}
		}
	}
}

func TestSegmentRefuses(t *testing.T) {
	d := func(n int) *Packet { return &Packet{Buf: make([]byte, Headroom+n), Off: Headroom} }
	super := must(t, "198.51.100.7:1 > 192.0.2.1:2 tcp A gso 100 len 250")
	if !d(154).Segment(super, 0) || d(153).Segment(super, 0) || d(153).Segment(super, -1) || d(999).Segment(super, 3) {
		t.Error("a segment too few, or too many, or without room")
	}
	plain := must(t, "198.51.100.7:1 > 192.0.2.1:2 tcp A len 250")
	lying := must(t, "198.51.100.7:1 > 192.0.2.1:2 udp len 250 gso 100")
	lying.Offload.Kind = GSOTCP4
	tunnelled := must(t, "198.51.100.7:1 > 192.0.2.1:2 udp len 250 gso 100")
	tunnelled.Offload.Start += 28
	for name, p := range map[string]*Packet{"plain": plain, "lying": lying, "tunnelled": tunnelled} {
		if p.Segments() != 0 || d(999).Segment(p, 0) {
			t.Errorf("%s: taken apart", name)
		}
	}
}

func TestSegmentAllocates(t *testing.T) {
	super := must(t, "198.51.100.7:1 > 192.0.2.1:2 tcp A gso 1448 len 60000")
	d := Packet{Buf: make([]byte, Headroom+2000), Off: Headroom}
	if n := testing.AllocsPerRun(100, func() { d.Off = Headroom; d.Segment(super, 7) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// Whatever super-frame there is: the segments' payloads are its payload, and
// each is whole, sound by the slow sum, and in its place.
func FuzzSegment(f *testing.F) {
	f.Add(uint16(3000), uint16(1448), uint8(0x19), uint32(7), true, true)
	f.Add(uint16(65000), uint16(1), uint8(0x10), uint32(0xffffffff), false, false)
	f.Fuzz(func(t *testing.T, n, size uint16, flags uint8, seq uint32, tcp, six bool) {
		n, size = n%5000, max(size, 1)
		ends, proto := "198.51.100.7:1 > 192.0.2.1:2", fmt.Sprintf("tcp seq %d [mss 9]", seq)
		if six {
			ends = "[2001:db8::7]:1 > [2001:db8::1]:2"
		}
		if !tcp {
			proto = "udp"
		}
		super := must(t, fmt.Sprintf("%s %s len %d gso %d", ends, proto, n, size))
		for i := range super.Buf[super.End-int(n) : super.End] {
			super.Buf[super.End-int(n)+i] = byte(i*7) ^ flags
		}
		if tcp {
			super.Buf[super.L4+13] = flags
		}
		var all []byte
		for i, p := range segments(t, super) {
			all = append(all, examineSegment(t, super, &p, i)...)
		}
		if !bytes.Equal(all, super.Buf[super.End-int(n):super.End]) {
			t.Errorf("another payload came out")
		}
	})
}

// examineSegment is a segment's payload; it is looked at byte by byte.
func examineSegment(t *testing.T, super, p *Packet, i int) []byte {
	q := Packet{Buf: p.Buf, Off: p.Off, End: p.End, ToUs: true}
	if why := q.Parse(); why != None || q.End != p.End {
		t.Fatalf("segment %d: %v", i, why)
	}
	size, header, last := int(super.Offload.Seg), 8, i == super.Segments()-1
	if q.Flow.Proto == ProtoTCP {
		header = 24
		flags := super.Buf[super.L4+13]
		if i > 0 {
			flags &= 0x7f
		}
		if !last {
			flags &= 0xf6
		}
		if q.Buf[q.L4+13] != flags || be.Uint32(q.Buf[q.L4+4:]) != be.Uint32(super.Buf[super.L4+4:])+uint32(i*size) {
			t.Errorf("segment %d: flags or place", i)
		}
	} else if int(be.Uint16(q.Buf[q.L4+4:])) != q.End-q.L4 {
		t.Errorf("segment %d: length of the datagram", i)
	}
	if q.Is4() && be.Uint16(q.Buf[q.L3+4:]) != be.Uint16(super.Buf[super.L3+4:])+uint16(i) {
		t.Errorf("segment %d: identification", i)
	}
	if slowSum(q.Buf[q.L4:q.End], q.pseudo(q.End-q.L4)) != 0xffff {
		t.Errorf("segment %d: checksum", i)
	}
	body := q.Buf[q.L4+header : q.End]
	if len(body) > size || !last && len(body) != size {
		t.Errorf("segment %d: %d bytes", i, len(body))
	}
	return body
}

// fill makes a payload that a shift by any number of bytes would change.
func fill(b []byte) {
	for i := range b {
		b[i] = byte(i*i>>3 ^ i)
	}
}

func BenchmarkSegment(b *testing.B) {
	super := must(b, "198.51.100.7:1 > 192.0.2.1:2 tcp A gso 1448 len 60000")
	d := Packet{Buf: make([]byte, Headroom+2000)}
	for b.Loop() {
		d.Off = Headroom
		d.Segment(super, 7)
	}
}
