// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/ulvs/ulvs/packet"
)

// header is a virtio-net header, field by field as the standard has it.
func header(flags, kind uint8, hdrLen, seg, start, offset uint16) []byte {
	b := []byte{flags, kind}
	for _, v := range []uint16{hdrLen, seg, start, offset} {
		b = binary.NativeEndian.AppendUint16(b, v)
	}
	return b
}

func drawn(t *testing.T, text string) *packet.Packet {
	t.Helper()
	p := &packet.Packet{}
	if err := p.FromText(text); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestVirtio: what the header of a sender with much in its first buffer means,
// and what the kernel is told.
func TestVirtio(t *testing.T) {
	for _, c := range []struct {
		frame   string
		in, out []byte
	}{
		{"192.0.2.1:7 > 198.51.100.1:9 udp len 100", header(0, 0, 0, 0, 0, 0), header(0, 0, 0, 0, 0, 0)},
		{"192.0.2.1:7 > 198.51.100.1:9 udp len 100", header(2, 0, 0, 0, 34, 6), header(0, 0, 0, 0, 0, 0)}, // DATA_VALID
		{"192.0.2.1:7 > 198.51.100.1:9 udp len 100 partial", header(1, 0, 0, 0, 34, 6), header(1, 0, 0, 0, 34, 6)},
		{"192.0.2.1:7 > 198.51.100.1:9 tcp PA len 9000", header(1, 1, 900, 1448, 34, 16), header(1, 1, 54, 1448, 34, 16)},
		{"192.0.2.1:7 > 198.51.100.1:9 tcp PA [ts 1 2] len 9000", header(1, 0x81, 0, 1448, 34, 16), header(1, 0x81, 66, 1448, 34, 16)},
		{"[2001:db8::7]:1 > [2001:db8::1]:80 tcp PA len 9000", header(1, 4, 74, 1428, 54, 16), header(1, 4, 74, 1428, 54, 16)},
		{"192.0.2.1:7 > 198.51.100.1:9 udp len 9000", header(1, 5, 42, 1200, 34, 6), header(1, 5, 42, 1200, 34, 6)},
		// One segment, full to the last byte: no super-frame any more, but still unfinished.
		{"192.0.2.1:7 > 198.51.100.1:9 tcp PA len 1448", header(1, 1, 54, 1448, 34, 16), header(1, 0, 0, 0, 34, 16)},
		{"192.0.2.1:7 > 198.51.100.1:9 tcp PA len 1449", header(1, 1, 54, 1448, 34, 16), header(1, 1, 54, 1448, 34, 16)},
	} {
		p := drawn(t, c.frame)
		frame, got := p.Buf[p.Off:p.End], bytes.Repeat([]byte{0xee}, virtioLen)
		o := forDevice(frame, readVirtio(c.in, frame))
		if writeVirtio(got, &o); !bytes.Equal(got, c.out) {
			t.Errorf("%s with %x: told the kernel %x, want %x", c.frame, c.in, got, c.out)
		}
	}
}

// TestVirtioLies: no header, however wrong, reads beyond its frame.
func TestVirtioLies(t *testing.T) {
	for _, kind := range []uint8{0, 1, 3, 4, 5, 0x81, 0xff} {
		for _, n := range []int{0, 1, 14, 60} {
			o := readVirtio(header(1, kind, 0xffff, 1, 0xffff, 0xffff), make([]byte, n))
			forDevice(make([]byte, n), o)
			o = readVirtio(header(1, kind, 0, 0, uint16(n), 0), make([]byte, n))
			forDevice(make([]byte, n), o)
		}
	}
}

// TestSettled: a super-frame with a finished checksum leaves as an unfinished
// one, byte for byte as if it had been that all along.
func TestSettled(t *testing.T) {
	for _, text := range []string{
		"192.0.2.1:7 > 198.51.100.1:9 tcp PA len 9000 gso 1448",
		"[2001:db8::7]:1 > [2001:db8::1]:80 udp len 9000 gso 1200",
	} {
		p, want := drawn(t, text+" full"), drawn(t, text)
		got := settled(packet.Packet{Buf: p.Buf, Off: p.Off, End: p.End, Offload: p.Offload})
		if p.Offload.Partial || got != want.Offload {
			t.Errorf("%s: from %+v to %+v, want %+v", text, p.Offload, got, want.Offload)
		}
		if !bytes.Equal(p.Buf[p.Off:p.End], want.Buf[want.Off:want.End]) {
			t.Errorf("%s: the frame differs", text)
		}
	}
}
