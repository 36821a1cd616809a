// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// crcSlow is CRC32c bit by bit: the polynomial 0x1edc6f41 from the low end
// (RFC 9260, appendix A).
func crcSlow(b []byte) uint32 {
	c := ^uint32(0)
	for _, x := range b {
		c ^= uint32(x)
		for range 8 {
			low := c & 1
			if c >>= 1; low != 0 {
				c ^= 0x82f63b78
			}
		}
	}
	return ^c
}

// soundSlow reports whether the checksum of an SCTP packet is right.
func soundSlow(b []byte) bool {
	c := bytes.Clone(b)
	clear(c[8:12])
	return binary.LittleEndian.Uint32(b[8:]) == crcSlow(c)
}

// The examples of RFC 3720, appendix B.4.
func TestCRCExamples(t *testing.T) {
	rising, falling := make([]byte, 32), make([]byte, 32)
	for i := range rising {
		rising[i], falling[i] = byte(i), byte(31-i)
	}
	for want, b := range map[uint32][]byte{
		0x8a9136aa: make([]byte, 32), 0x62a8ab43: bytes.Repeat([]byte{0xff}, 32), 0x46dd794e: rising, 0x113fdb5c: falling,
	} {
		if got := crcSlow(b); got != want {
			t.Errorf("%x: %#x, and RFC 3720 has %#x", b, got, want)
		}
	}
}

// A checksum is computed anew if a port changes, and then it is right, even if
// it was not; it does not cover the addresses, so otherwise no byte changes.
func TestRewriteSCTP(t *testing.T) {
	for _, ends := range [][2]string{
		{"198.51.100.7:1234 > 192.0.2.1:9 ", "10.0.0.1"}, {"[fd00::7]:1234 > [fd00::1]:9 ", "[fd00:2::9]"},
	} {
		for _, words := range []string{`sctp DATA data "odd"`, `sctp DATA data "odd" sum bad`, "sctp", "sctp sum bad", "sctp INIT frag 0+"} {
			moved, was := must(t, ends[0]+words), must(t, ends[0]+words)
			moved.SetDst(endpoint(ends[1] + ":9"))
			if !bytes.Equal(moved.Buf[moved.L4:moved.End], was.Buf[was.L4:was.End]) {
				t.Errorf("%s: changed although no port did", ends[0]+words)
			}
			moved.SetSrc(endpoint(ends[1] + ":77"))
			if whole := moved.Frag == Whole; whole != soundSlow(moved.Buf[moved.L4:moved.End]) || moved.Flow.Src.Port != 77 {
				t.Errorf("%s: rewritten as %s", ends[0]+words, moved.Text())
			}
		}
	}
}

// An SCTP checksum that was left to a device is a CRC, and finished on sight:
// the link could not say so.
func TestPartialSCTP(t *testing.T) {
	for _, line := range []string{"198.51.100.7:1 > 192.0.2.1:80 sctp INIT", "[fd00::7]:1 > [fd00::1]:80 sctp DATA len 5"} {
		p := must(t, line)
		be.PutUint32(p.Buf[p.L4+8:], 0xdeadbeef)
		p.Offload = Offload{Partial: true, Start: uint16(p.L4 - p.Off), Offset: 8}
		if why := p.Parse(); why != None || p.Offload.Partial {
			t.Errorf("%v, %+v", why, p.Offload)
		}
		same(t, line, p, must(t, line))
		if !soundSlow(p.Buf[p.L4:p.End]) {
			t.Errorf("%s: finished wrong", line)
		}
	}
}

// An ICMP error about an association, both ways of nat; of the packet inside
// only the ports and addresses change, whatever its checksum.
func TestQuoteSCTP(t *testing.T) {
	p := must(t, "198.51.100.7 > 192.0.2.1 icmp frag-needed { 192.0.2.1:9 > 198.51.100.7:1234 sctp DATA len 400 df } mtu 300")
	before := bytes.Clone(p.Buf[p.L4+sizeICMP+sizeIPv4+4 : p.End])
	q, why := p.Quote()
	if why != None {
		t.Fatal(why)
	}
	p.SetQuoteSrc(&q, endpoint("10.0.0.1:99"))
	p.SetDst(endpoint("10.0.0.1:99"))
	want := "198.51.100.7 > 10.0.0.1 icmp frag-needed { 10.0.0.1:99 > 198.51.100.7:1234 sctp DATA len 400 df } mtu 300"
	if got := p.Text(); got != want || !bytes.Equal(before, p.Buf[p.L4+sizeICMP+sizeIPv4+4:p.End]) {
		t.Errorf("got %s", got)
	}
}

// Eight bytes of the transport header, as RFC 792 has it, are enough for ports.
func TestQuoteShortSCTP(t *testing.T) {
	p := must(t, "198.51.100.7 > 192.0.2.1 icmp port-unreachable { 192.0.2.1:9 > 198.51.100.7:1234 sctp INIT }")
	p.End = p.L4 + sizeICMP + sizeIPv4 + 8
	be.PutUint16(p.Buf[p.L3+2:], uint16(p.L3Len()))
	seal4(p.Buf[p.L3:p.L4])
	if q, why := p.Quote(); why != None || q.Flow.Src != endpoint("192.0.2.1:9") || q.Flow.Dst != endpoint("198.51.100.7:1234") {
		t.Errorf("%v: %+v", why, q)
	}
}
