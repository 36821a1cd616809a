// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"encoding/hex"
	"strings"
	"testing"
)

// must is the packet of a line that is right.
func must(t testing.TB, line string) *Packet {
	t.Helper()
	p := new(Packet)
	if err := p.FromText(line); err != nil {
		t.Fatal(err)
	}
	return p
}

// wire is a packet as a link lends it, from bytes in hex; spaces are for us.
func wire(t testing.TB, text string) *Packet {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		t.Fatal(err)
	}
	return lent(b)
}

func lent(frame []byte) *Packet {
	p := &Packet{Buf: make([]byte, Headroom+len(frame)), Off: Headroom, End: Headroom + len(frame), ToUs: true}
	copy(p.Buf[Headroom:], frame)
	return p
}

const ether4 = "020000000002 020000000001 0800"
const ether6 = "020000000002 020000000001 86dd"

// ips are 10.0.0.1 and 10.0.0.2 as an IPv4 header ends.
const ips = "0a000001 0a000002"

// addrs6 are fd00::1 and fd00::2.
const addrs6 = "fd000000000000000000000000000001 fd000000000000000000000000000002"

// The checksums of the headers in this table were worked out by hand: the sum
// of the other nine words, complemented.
func TestParseBytes(t *testing.T) {
	const udp = "0007 0035 0008 0000"
	for _, c := range []struct {
		name, frame string
		why         Drop
		l4, n       int // from the frame's first byte; length of the IP packet
		src, dst    uint16
		frag        Frag
	}{
		{"udp, padded", ether4 + "4500001c 00000000 401166cf" + ips + udp + "00 00 00 00", None, 34, 28, 7, 53, Whole},
		{"one tag", "020000000002 020000000001 8100 0064 0800 4500001c 00000000 401166cf" + ips + udp, None, 38, 28, 7, 53, Whole},
		{"two tags", "020000000002 020000000001 88a8 0064 8100 0001 0800 4500001c 00000000 401166cf" + ips + udp, None, 42, 28, 7, 53, Whole},
		{"three tags", "020000000002 020000000001 88a8 0064 8100 0001 8100 0001 0800 4500", NotOurs, 0, 0, 0, 0, Whole},
		{"cut in a tag", "020000000002 020000000001 8100 0064", Truncated, 0, 0, 0, 0, Whole},
		{"ipv4 options", ether4 + "46000020 00000000 401164ca" + ips + "01010000" + udp, None, 38, 32, 7, 53, Whole},
		{"bad header sum", ether4 + "4500001c 00000000 401166ce" + ips + udp, BadHeader, 0, 0, 0, 0, Whole},
		{"version 5", ether4 + "5500001c 00000000 401156cf" + ips + udp, BadHeader, 0, 0, 0, 0, Whole},
		{"header of 16", ether4 + "4400001c 00000000 401167cf" + ips + udp, BadHeader, 0, 0, 0, 0, Whole},
		{"longer than the frame", ether4 + "4500001d 00000000 401166ce" + ips + udp, BadLength, 0, 0, 0, 0, Whole},
		{"shorter than its header", ether4 + "45000013 00000000 401166d8" + ips + udp, BadLength, 0, 0, 0, 0, Whole},
		{"cut header", ether4 + "4500001c 00000000 4011", Truncated, 0, 0, 0, 0, Whole},
		{"cut udp", ether4 + "4500001b 00000000 401166d0" + ips + "0007 0035 0008 00", Truncated, 0, 0, 0, 0, Whole},
		{"udp length too big", ether4 + "4500001c 00000000 401166cf" + ips + "0007 0035 0009 0000", BadLength, 0, 0, 0, 0, Whole},
		{"udp length 7", ether4 + "4500001c 00000000 401166cf" + ips + "0007 0035 0007 0000", BadLength, 0, 0, 0, 0, Whole},
		{"first fragment", ether4 + "4500001c 00072000 401146c8" + ips + "0007 0035 0100 0000", None, 34, 28, 7, 53, First},
		{"later fragment", ether4 + "4500001c 00070001 401166c7" + ips + udp, None, 34, 28, 0, 0, Later},
		{"tcp header of 16", ether4 + "45000028 00000000 400666ce" + ips + "0007 0050 00000000 00000000 4002 0000 0000 0000", BadHeader, 0, 0, 0, 0, Whole},
		{"tcp options cut", ether4 + "45000028 00000000 400666ce" + ips + "0007 0050 00000000 00000000 6002 0000 0000 0000", Truncated, 0, 0, 0, 0, Whole},
		{"not ip", "020000000002 020000000001 88cc 0000", NotOurs, 0, 0, 0, 0, Whole},
		{"runt", "020000000002 020000000001 08", Truncated, 0, 0, 0, 0, Whole},

		{"udp6", ether6 + "60000000 0008 11 40" + addrs6 + udp, None, 54, 48, 7, 53, Whole},
		{"hop-by-hop and destination", ether6 + "60000000 0018 00 40" + addrs6 + "3c00 010400000000 1100 010400000000" + udp, None, 70, 64, 7, 53, Whole},
		{"long routing header", ether6 + "60000000 0018 2b 40" + addrs6 + "1101 0000 00000000 0000000000000000" + udp, None, 70, 64, 7, 53, Whole},
		{"first fragment6", ether6 + "60000000 0010 2c 40" + addrs6 + "1100 0001 00000009" + "0007 0035 0100 0000", None, 62, 56, 7, 53, First},
		{"later fragment6", ether6 + "60000000 0010 2c 40" + addrs6 + "1100 0008 00000009" + udp, None, 62, 56, 0, 0, Later},
		{"atomic fragment6", ether6 + "60000000 0010 2c 40" + addrs6 + "1100 0000 00000009" + udp, None, 62, 56, 7, 53, Whole},
		{"ah is not followed", ether6 + "60000000 0008 33 40" + addrs6 + udp, None, 54, 48, 0, 0, Whole},
		{"cut extension", ether6 + "60000000 0008 00 40" + addrs6 + "1101 010400000000", Truncated, 0, 0, 0, 0, Whole},
		{"extensions without end", ether6 + "60000000 0050 00 40" + addrs6 + strings.Repeat("0000 010400000000", 10), TooManyExt, 0, 0, 0, 0, Whole},
		{"mapped source", ether6 + "60000000 0008 11 40 00000000000000000000ffff0a000001 fd000000000000000000000000000002" + udp, BadHeader, 0, 0, 0, 0, Whole},
		{"longer than the frame6", ether6 + "60000000 0009 11 40" + addrs6 + udp, BadLength, 0, 0, 0, 0, Whole},
		{"version 4 in 6", ether6 + "40000000 0008 11 40" + addrs6 + udp, BadHeader, 0, 0, 0, 0, Whole},
	} {
		p := wire(t, c.frame)
		if why := p.Parse(); why != c.why {
			t.Errorf("%s: %v, want %v", c.name, why, c.why)
		} else if why == None && (p.L4-p.Off != c.l4 || p.L3Len() != c.n || p.Frag != c.frag ||
			p.Flow.Src.Port != c.src || p.Flow.Dst.Port != c.dst) {
			t.Errorf("%s: l4 at %d, %d bytes, %v, frag %d", c.name, p.L4-p.Off, p.L3Len(), p.Flow, p.Frag)
		}
	}
}

func TestParseFinds(t *testing.T) {
	p := must(t, "198.51.100.7:1234 > 192.0.2.1:80 tcp SA ttl 9 tos 0x10 df vlan 5 mark 3")
	if p.Flow.Src.String() != "198.51.100.7:1234" || p.Flow.Dst.String() != "192.0.2.1:80" || p.Flow.Proto != ProtoTCP ||
		p.Hop != p.Flow.Dst.Addr || p.Flags != SYN|ACK || p.TTL() != 9 || p.TOS() != 0x10 || !p.DF() || p.VLAN != 5 || p.Mark != 3 || !p.ToUs {
		t.Errorf("%+v", p)
	}
	p = must(t, "[2001:db8::7]:1234 > [2001:db8::1]:80 tcp S ttl 9 tos 0x12")
	if p.Flow.Src.String() != "[2001:db8::7]:1234" || p.TTL() != 9 || p.TOS() != 0x12 || !p.DF() || p.Is4() {
		t.Errorf("%+v", p)
	}
}

// A link that lies about what is left to do would have us, or the kernel,
// write beside the frame.
func TestParseLyingOffload(t *testing.T) {
	for _, o := range []Offload{
		{Partial: true, Start: 54 + 14, Offset: 16},
		{Partial: true, Start: 34, Offset: 19},
		{Partial: true, Start: 65535, Offset: 65535},
		{Partial: true, Start: 13, Offset: 0},
		{Partial: true, Start: 34, Offset: 16, Kind: GSOTCP4},
	} {
		p := must(t, "198.51.100.7:1234 > 192.0.2.1:80 tcp S")
		p.Offload = o
		if why := p.Parse(); why != BadLength {
			t.Errorf("%+v: %v", o, why)
		}
	}
}

// No device cuts ARP into segments.
func TestParseSuperARP(t *testing.T) {
	p := must(t, "arp who-has 192.0.2.1")
	p.Offload = Offload{Kind: GSOTCP4, Seg: 9}
	if why := p.Parse(); why != BadLength {
		t.Error(why)
	}
}

// A tag that lies in the frame counts as much as one that the kernel took off.
func TestTag(t *testing.T) {
	p := wire(t, "020000000002 020000000001 8100 f064 0800 4500001c 00000000 401166cf"+ips+"0007 0035 0008 0000")
	if why := p.Parse(); why != None || p.Tag() != 100 || p.VLAN != 0 {
		t.Errorf("%v, tag %d", why, p.Tag())
	}
	p.VLAN = 7
	if p.Tag() != 7 {
		t.Errorf("tag %d, and the outer is 7", p.Tag())
	}
}

// SegLen is what the wire will see of a super-frame: 40 or 60 bytes of headers
// with TCP, and what the device puts behind each.
func TestSegLen(t *testing.T) {
	for line, want := range map[string]int{
		"198.51.100.7:1 > 192.0.2.1:80 tcp A len 100":                                       140,
		"198.51.100.7:1 > 192.0.2.1:80 tcp A len 30000 gso 1448":                            1488,
		"198.51.100.7:1 > 192.0.2.1:80 tcp A [nop, nop, ts 1 2] len 30000 gso 1448":         1500,
		"[2001:db8::7]:1 > [2001:db8::1]:80 tcp A [nop, nop, ts 1 2] len 30000 gso 1428":    1500,
		"198.51.100.7:1 > 192.0.2.1:80 udp len 3000 gso 1000":                               1028,
		"198.51.100.7:1 > 192.0.2.1:80 tcp A len 100 gso 1448":                              140,
		"198.51.100.7:1 > 192.0.2.1:80 tcp A [nop, nop, ts 1 2] len 30000 gso 1448 full":    1500,
		"[2001:db8::7]:1 > [2001:db8::1]:80 udp len 3000 gso 1000 full mark 1 not-to-us":    1048,
		"198.51.100.7:1 > 192.0.2.1:80 tcp A [nop, nop, ts 1 2] len 30000 gso 1448 vlan 12": 1500,
	} {
		if got := must(t, line).SegLen(); got != want {
			t.Errorf("%q: %d, want %d", line, got, want)
		}
	}
}

// FuzzParse: whatever the frame, what Parse found lies in it.
func FuzzParse(f *testing.F) {
	for _, line := range canonical {
		p := must(f, line)
		f.Add(p.Buf[p.Off:p.End], p.Offload.Partial, p.Offload.Start, p.Offload.Offset, p.Offload.Kind, p.Offload.Seg)
	}
	f.Fuzz(func(t *testing.T, frame []byte, partial bool, start, offset uint16, kind uint8, seg uint16) {
		p := lent(frame)
		if seg&1 != 0 {
			p = lent(resealed(frame))
		}
		p.Offload = Offload{Partial: partial, Start: start, Offset: offset, Kind: kind, Seg: seg}
		_ = p.Text()
		if why := p.Parse(); why != None {
			return
		}
		if p.L3 < p.Off || p.L3 > p.End || p.End > len(p.Buf) || p.L4 != 0 && (p.L4 < p.L3+20 || p.L4 > p.End) {
			t.Fatalf("off %d, l3 %d, l4 %d, end %d, of %d", p.Off, p.L3, p.L4, p.End, len(p.Buf))
		}
		a, _ := p.ARP()
		if n, ok := p.ND(); ok {
			n.Tells()
		}
		if len(a) == 0 && p.L4 == 0 {
			return
		}
		exercise(p)
	})
}

// exercise calls all that may follow Parse.
func exercise(p *Packet) {
	if p.L4 == 0 {
		return
	}
	if n := p.SegLen(); n > p.L3Len() || n <= 0 {
		panic("segments longer than the whole")
	}
	p.ICMPGood()
	p.IsEcho()
	p.DecTTL()
	if q, why := p.Quote(); why == None {
		p.SetQuoteSrc(&q, q.Flow.Dst)
	}
	p.FillUDP()
	if MayAnswer(p) {
		a := &Packet{Buf: make([]byte, Headroom+MaxFrame), Off: Headroom}
		ICMPError(a, p, p.Flow.Dst.Addr, PortUnreachable, 0)
		if p.Flow.Proto == ProtoTCP {
			TCPReset(a, p)
		}
		if p.IsEcho() {
			EchoReply(a, p)
		}
	}
	p.MakePartial()
	p.Finish()
}

func TestAllocations(t *testing.T) {
	p := must(t, "[2001:db8::7]:1234 > [2001:db8::1]:80 tcp S")
	e := must(t, "192.0.2.1 > 198.51.100.7 icmp port-unreachable { 198.51.100.7:5 > 192.0.2.1:7 udp }")
	a := &Packet{Buf: make([]byte, Headroom+MaxFrame), Off: Headroom}
	to := must(t, "[2001:db8::8]:8080 > [2001:db8::1]:80 tcp S").Flow.Src
	s := must(t, "[2001:db8::7]:1234 > [2001:db8::1]:80 sctp COOKIE-ECHO:100 DATA len 1000")
	for name, f := range map[string]func(){
		"Parse":       func() { p.Parse() },
		"SetSrc":      func() { p.SetSrc(to) },
		"Parse SCTP":  func() { s.Parse() },
		"SetSrc SCTP": func() { s.Flow.Src.Port++; s.SetSrc(to) },
		"SetDst":      func() { p.SetDst(to) },
		"DecTTL":      func() { p.DecTTL() },
		"Quote": func() {
			q, _ := e.Quote()
			e.SetQuoteSrc(&q, q.Flow.Src)
		},
		"MayAnswer": func() { MayAnswer(p) },
		"ICMPError": func() { ICMPError(a, p, to.Addr, TimeExceeded, 0) },
		"TCPReset":  func() { TCPReset(a, p) },
		"SetMAC":    func() { p.SetMAC(MAC{}, MAC{}) },
	} {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func BenchmarkParse4(b *testing.B) { benchParse(b, "198.51.100.7:1234 > 192.0.2.1:80 tcp S") }
func BenchmarkParse6(b *testing.B) { benchParse(b, "[2001:db8::7]:1234 > [2001:db8::1]:80 tcp S") }

func benchParse(b *testing.B, line string) {
	p := must(b, line)
	for b.Loop() {
		p.Parse()
	}
}

func BenchmarkSetDst4(b *testing.B) { benchSetDst(b, "198.51.100.7:1234 > 192.0.2.1:80 tcp S") }
func BenchmarkSetDst6(b *testing.B) { benchSetDst(b, "[2001:db8::7]:1234 > [2001:db8::1]:80 tcp S") }

func benchSetDst(b *testing.B, line string) {
	p := must(b, line)
	to := [2]Endpoint{p.Flow.Src, p.Flow.Dst}
	i := 0
	for b.Loop() {
		p.SetDst(to[i&1])
		i++
	}
}
