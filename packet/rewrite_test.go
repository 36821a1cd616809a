// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"testing"
)

func endpoint(text string) Endpoint { return EndpointFrom(netip.MustParseAddrPort(text)) }

// Every line of these is rewritten by the fast code, and drawn anew with the
// new ends: the frames must be the same byte for byte.
func TestRewriteIsDrawingAnew(t *testing.T) {
	for _, c := range []struct{ was, src, want string }{
		{"198.51.100.7:1234 > 192.0.2.1:80 tcp S seq 5", "203.0.113.9:77", "203.0.113.9:77 > 192.0.2.1:80 tcp S seq 5"},
		{"198.51.100.7:1234 > 192.0.2.1:80 udp len 3", "203.0.113.9:77", "203.0.113.9:77 > 192.0.2.1:80 udp len 3"},
		{"198.51.100.7:1234 > 192.0.2.1:80 udp len 3 sum none", "203.0.113.9:77", "203.0.113.9:77 > 192.0.2.1:80 udp len 3 sum none"},
		{"198.51.100.7:1234 > 192.0.2.1:80 udp len 3 partial", "203.0.113.9:77", "203.0.113.9:77 > 192.0.2.1:80 udp len 3 partial"},
		{"198.51.100.7:1234 > 192.0.2.1:80 tcp A len 3000 gso 1000", "203.0.113.9:77", "203.0.113.9:77 > 192.0.2.1:80 tcp A len 3000 gso 1000"},
		{"198.51.100.7:1234 > 192.0.2.1:80 sctp len 16", "203.0.113.9:77", "203.0.113.9:77 > 192.0.2.1:80 sctp len 16"},
		{"198.51.100.7 > 192.0.2.1 icmp echo-request", "203.0.113.9:77", "203.0.113.9 > 192.0.2.1 icmp echo-request"},
		{"198.51.100.7 > 192.0.2.1 proto 47 len 9", "203.0.113.9:77", "203.0.113.9 > 192.0.2.1 proto 47 len 9"},
		{"198.51.100.7 > 192.0.2.1 udp frag 8+ len 9", "203.0.113.9:77", "203.0.113.9 > 192.0.2.1 udp frag 8+ len 9"},
		{"[fd00::7]:1234 > [fd00::1]:80 tcp S seq 5", "[fd00:9::9]:77", "[fd00:9::9]:77 > [fd00::1]:80 tcp S seq 5"},
		{"[fd00::7]:1234 > [fd00::1]:80 udp len 3", "[fd00:9::9]:77", "[fd00:9::9]:77 > [fd00::1]:80 udp len 3"},
		{"[fd00::7]:1234 > [fd00::1]:80 udp len 3 partial", "[fd00:9::9]:77", "[fd00:9::9]:77 > [fd00::1]:80 udp len 3 partial"},
		{"[fd00::7]:1234 > [fd00::1]:80 udp frag 0+ len 16", "[fd00:9::9]:77", "[fd00:9::9]:77 > [fd00::1]:80 udp frag 0+ len 16"},
		{"fd00::7 > fd00::1 icmp6 echo-request len 3", "[fd00:9::9]:77", "fd00:9::9 > fd00::1 icmp6 echo-request len 3"},
		{"198.51.100.7:1234 > 192.0.2.1:80 tcp S sum bad", "203.0.113.9:77", "203.0.113.9:77 > 192.0.2.1:80 tcp S sum bad"},
		{"198.51.100.7:1234 > 192.0.2.1:80 tcp S", "[fd00:9::9]:77", "198.51.100.7:1234 > 192.0.2.1:80 tcp S"},
	} {
		p, want := must(t, c.was), must(t, c.want)
		p.SetSrc(endpoint(c.src))
		same(t, c.was, p, want)
		if p.Flow != want.Flow {
			t.Errorf("%q: flow %v, want %v", c.was, p.Flow, want.Flow)
		}
		back := must(t, mirrored(c.was))
		back.SetDst(endpoint(c.src))
		same(t, mirrored(c.was), back, must(t, mirrored(c.want)))
		if back.Hop != back.Flow.Dst.Addr {
			t.Errorf("%q: hop %v after SetDst", c.was, back.Hop)
		}
	}
}

// mirrored is a line with its two ends exchanged.
func mirrored(line string) string {
	words, _ := split(line)
	words[0], words[2] = words[2], words[0]
	var b bytes.Buffer
	for _, w := range words {
		b.WriteString(w + " ")
	}
	return b.String()
}

func same(t *testing.T, about string, got, want *Packet) {
	t.Helper()
	if !bytes.Equal(got.Buf[got.Off:got.End], want.Buf[want.Off:want.End]) {
		t.Errorf("%q\ngot  %x\nwant %x", about, got.Buf[got.Off:got.End], want.Buf[want.Off:want.End])
	}
}

// residue is by how much the checksums of p are wrong, found by summing all of
// it again. Mending must not change it: a wrong checksum stays as wrong as it
// was, a right one right.
func residue(p *Packet) (header, transport uint32) {
	if p.Is4() {
		header = slowSum(p.Buf[p.L3:p.L3+int(p.Buf[p.L3]&0xf)*4], 0) % 0xffff
	}
	at, ok := p.checksum()
	if !ok || p.Frag == Later {
		return header, 0
	}
	from, to := p.L3+8, p.L3+40
	if p.Is4() {
		from, to = p.L3+12, p.L3+20
	}
	pseudo := slowSum(p.Buf[from:to], uint32(p.Flow.Proto))
	if p.partial() {
		return header, (uint32(p.Buf[at])<<8 + uint32(p.Buf[at+1]) + 0xffff - pseudo%0xffff) % 0xffff
	}
	return header, slowSum(p.Buf[p.L4:p.End], pseudo) % 0xffff
}

// FuzzRewrite: on any frame, rewriting leaves all checksums exactly as right
// or wrong as they were, changes nothing but what it should, and what Parse
// then finds is what was asked for.
func FuzzRewrite(f *testing.F) {
	for _, line := range canonical {
		p := must(f, line)
		f.Add(p.Buf[p.Off:p.End], p.Offload.Partial, uint16(80), []byte("0123456789abcdef"))
	}
	f.Fuzz(rewriteHolds)
}

func rewriteHolds(t *testing.T, frame []byte, partial bool, port uint16, addr []byte) {
	p := lent(resealed(frame))
	if p.Parse() != None || p.L4 == 0 || len(addr) < 16 {
		return
	}
	if at, ok := p.checksum(); ok && partial && p.Frag == Whole {
		p.Offload = Offload{Partial: true, Start: uint16(p.L4 - p.Off), Offset: uint16(at - p.L4)}
	}
	to := Endpoint{Addr(addr), port}
	if p.Is4() {
		to.Addr = addr4(addr)
	} else if to.Addr.Is4() {
		return
	}
	none := p.Flow.Proto == ProtoUDP && p.Frag != Later && !p.partial() && be.Uint16(p.Buf[p.L4+6:]) == 0
	header, transport := residue(p)
	was := bytes.Clone(p.Buf[p.L4:p.End])
	p.SetSrc(to)
	p.SetDst(to)
	checkRewritten(t, p, to)
	checkSCTP(t, p, was)
	h, tr := residue(p)
	if h != header || tr != transport && !none {
		t.Fatalf("%d and %d wrong, was %d and %d", h, tr, header, transport)
	}
	if none != (p.Flow.Proto == ProtoUDP && p.Frag != Later && !p.partial() && be.Uint16(p.Buf[p.L4+6:]) == 0) {
		t.Fatal("a UDP checksum came or went")
	}
}

// checkSCTP compares the checksum with one computed bit by bit: it is right if
// a port changed, and as it was if none did.
func checkSCTP(t *testing.T, p *Packet, was []byte) {
	t.Helper()
	if p.Flow.Proto != ProtoSCTP || p.Frag != Whole {
		return
	}
	now := p.Buf[p.L4:p.End]
	if moved := !bytes.Equal(was[:4], now[:4]); moved && !soundSlow(now) || !moved && !bytes.Equal(was, now) {
		t.Fatalf("was %x, is %x", was, now)
	}
}

func checkRewritten(t *testing.T, p *Packet, to Endpoint) {
	t.Helper()
	q := *p
	if why := q.Parse(); why != None {
		t.Fatalf("rewritten: %v", why)
	}
	if !q.Flow.Ported() || q.Frag == Later {
		to.Port = 0
	}
	if q.Flow != p.Flow || q.Flow.Src != to || q.Flow.Dst != to || q.Hop != p.Hop {
		t.Fatalf("flow %v, parsed %v, want %v", p.Flow, q.Flow, to)
	}
}

// FuzzQuote: the same for what an ICMP error quotes.
func FuzzQuote(f *testing.F) {
	for _, line := range canonical {
		p := must(f, line)
		f.Add(p.Buf[p.Off:p.End], uint16(80), []byte("0123456789abcdef"))
	}
	f.Fuzz(quoteHolds)
}

func quoteHolds(t *testing.T, frame []byte, port uint16, addr []byte) {
	p := lent(resealed(frame))
	if p.Parse() != None || p.L4 == 0 || len(addr) < 16 {
		return
	}
	q, why := p.Quote()
	to := Endpoint{Addr(addr), port}
	if p.Is4() {
		to.Addr = addr4(addr)
	}
	if why != None || to.Addr.Is4() != p.Is4() {
		return
	}
	outer, inner := slowSum(p.Buf[p.L4:p.End], 0)%0xffff, innerSum(p, &q)
	good := p.ICMPGood()
	p.SetQuoteSrc(&q, to)
	p.SetQuoteDst(&q, to)
	if got := slowSum(p.Buf[p.L4:p.End], 0) % 0xffff; got != outer || p.ICMPGood() != good {
		t.Fatalf("the message summed to %#x and now to %#x", outer, got)
	}
	if got := innerSum(p, &q); got != inner {
		t.Fatalf("the quoted header summed to %#x and now to %#x", inner, got)
	}
	if again, why := p.Quote(); why != None || again != q {
		t.Fatalf("%v: quote %+v, read again %+v", why, q, again)
	}
}

func innerSum(p *Packet, q *Quote) uint32 {
	if !p.Is4() {
		return 0
	}
	return slowSum(p.Buf[q.L3:q.L3+int(p.Buf[q.L3]&0xf)*4], 0) % 0xffff
}

// An error about a packet of nat, both ways, as ip_vs_nat_icmp has it: the
// result is the error that the other end would have been sent.
func TestQuoteNat(t *testing.T) {
	p := must(t, "198.51.100.7 > 192.0.2.1 icmp port-unreachable { 192.0.2.1:80 > 198.51.100.7:1234 tcp A }")
	q, _ := p.Quote()
	p.SetQuoteSrc(&q, endpoint("10.0.0.1:8080"))
	p.SetDst(endpoint("10.0.0.1:8080"))
	want := "198.51.100.7 > 10.0.0.1 icmp port-unreachable { 10.0.0.1:8080 > 198.51.100.7:1234 tcp A }"
	if got := p.Text(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	p = must(t, "fd00::5 > fd00::7 icmp6 too-big { [fd00::7]:1234 > [fd00::10]:8080 tcp A } mtu 1400")
	q, _ = p.Quote()
	p.SetQuoteDst(&q, endpoint("[fd00::1]:80"))
	p.SetSrc(endpoint("[fd00::1]:80"))
	want = "fd00::1 > fd00::7 icmp6 too-big { [fd00::7]:1234 > [fd00::1]:80 tcp A } mtu 1400"
	if got := p.Text(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestDecTTL(t *testing.T) {
	for _, line := range []string{"198.51.100.7:1 > 192.0.2.1:80 tcp S ttl ", "[fd00::7]:1 > [fd00::1]:80 tcp S ttl "} {
		p := must(t, line+"2")
		if why := p.DecTTL(); why != None {
			t.Errorf("%q: %v", line, why)
		}
		same(t, line, p, must(t, line+"1"))
		if why := p.DecTTL(); why != TTLExpired || p.TTL() != 1 {
			t.Errorf("%q: %v, ttl %d", line, why, p.TTL())
		}
		if p = must(t, line+"0"); p.DecTTL() != TTLExpired {
			t.Errorf("%q: went on with 0", line)
		}
	}
}

// A datagram without checksum gets the one that it would have been drawn with.
func TestFillUDP(t *testing.T) {
	for _, line := range []string{`198.51.100.7:1 > 192.0.2.1:80 udp data "odd"`, `[fd00::7]:1 > [fd00::1]:80 udp data "odd"`} {
		p := must(t, line+" sum none")
		p.FillUDP()
		same(t, line, p, must(t, line))
	}
	for _, line := range []string{
		"198.51.100.7:1 > 192.0.2.1:80 udp sum bad", "198.51.100.7:1 > 192.0.2.1:80 udp partial",
		"198.51.100.7:1 > 192.0.2.1:80 udp frag 0+ sum none", "198.51.100.7:1 > 192.0.2.1:80 udp len 9 gso 4",
		"198.51.100.7:1 > 192.0.2.1:80 tcp", "198.51.100.7 > 192.0.2.1 udp frag 8 len 8",
	} {
		p := must(t, line)
		p.FillUDP()
		same(t, line, p, must(t, line))
	}
}

// What an IP packet holds behind the end of its datagram is not summed
// (RFC 768: the length is the datagram's own).
func TestFillShortUDP(t *testing.T) {
	p := must(t, "198.51.100.7:1 > 192.0.2.1:80 udp len 20 sum none")
	be.PutUint16(p.Buf[p.L4+4:], sizeUDP+3)
	for i := p.L4 + sizeUDP + 3; i < p.End; i++ {
		p.Buf[i] = 0xa5
	}
	p.FillUDP()
	want := must(t, "198.51.100.7:1 > 192.0.2.1:80 udp len 3")
	if got := be.Uint16(p.Buf[p.L4+6:]); got != be.Uint16(want.Buf[want.L4+6:]) {
		t.Errorf("%#x", got)
	}
}

// The checksum of this datagram comes out as zero, which must be sent as
// 0xffff: 198.51.100.7:1 and 192.0.2.1:80 with this payload, by hand.
func TestZeroSumUDP(t *testing.T) {
	p := must(t, "198.51.100.7:1 > 192.0.2.1:80 udp len 2")
	check := be.Uint16(p.Buf[p.L4+6:])
	be.PutUint16(p.Buf[p.L4+8:], check) // what was missing to 0xffff is now there
	clear(p.Buf[p.L4+6 : p.L4+8])
	p.FillUDP()
	if got := be.Uint16(p.Buf[p.L4+6:]); got != 0xffff {
		t.Errorf("filled: %#x", got)
	}
	p.SetSrc(endpoint("198.51.100.8:1"))
	p.SetSrc(endpoint("198.51.100.7:1"))
	if got := be.Uint16(p.Buf[p.L4+6:]); got != 0xffff {
		t.Errorf("mended: %#x", got)
	}
}

// Finishing what MakePartial left open gives back the full checksum.
func TestFinish(t *testing.T) {
	for _, line := range []string{
		"198.51.100.7:1 > 192.0.2.1:80 tcp A len 33", "198.51.100.7:1 > 192.0.2.1:80 udp len 33",
		"[fd00::7]:1 > [fd00::1]:80 tcp A len 33", "[fd00::7]:1 > [fd00::1]:80 udp len 33",
	} {
		p := must(t, line+" partial")
		p.Finish()
		same(t, line, p, must(t, line))
		if p.Offload != (Offload{}) {
			t.Errorf("%q: %+v is left", line, p.Offload)
		}
	}
	p := must(t, "198.51.100.7:1 > 192.0.2.1:80 tcp A len 3000 gso 1000")
	if p.Finish(); !p.Offload.Partial {
		t.Error("a super-frame was finished")
	}
}

// A super-frame that came with a full checksum is sent as a partial one.
func TestMakePartial(t *testing.T) {
	for _, line := range []string{
		"198.51.100.7:1 > 192.0.2.1:80 tcp A [nop, nop, ts 1 2] len 3000 gso 1000", "[fd00::7]:1 > [fd00::1]:80 udp len 3000 gso 1000",
	} {
		p, want := must(t, line+" full"), must(t, line)
		p.MakePartial()
		same(t, line, p, want)
		if p.Offload != want.Offload || !p.Offload.Partial {
			t.Errorf("%q: %+v, want %+v", line, p.Offload, want.Offload)
		}
	}
	p := must(t, "198.51.100.7:1 > 192.0.2.1:80 tcp A [nop, nop, ts 1 2] len 3000 gso 1000")
	if want := (Offload{true, 34, 16, GSOTCP4, 1000, 66}); p.Offload != want {
		t.Errorf("%+v, want %+v", p.Offload, want)
	}
}

// Outer headers go before the IP header, and what was open stays open at the
// same bytes.
func TestPush(t *testing.T) {
	p := must(t, "198.51.100.7:1 > 192.0.2.1:80 udp len 3 partial")
	src, dst, inner := p.SrcMAC(), p.DstMAC(), p.L3
	open := p.Off + int(p.Offload.Start)
	outer, why := p.Push(20)
	if why != None || len(outer) != 20 || p.L3 != inner-20 || p.SrcMAC() != src || p.DstMAC() != dst ||
		p.Off+int(p.Offload.Start) != open || &outer[0] != &p.Buf[p.L3] {
		t.Errorf("%v: %+v", why, p)
	}
	if _, why := p.Push(Headroom - linkHeader - 20 + 1); why != NoHeadroom {
		t.Errorf("pushed into the link's own header: %v", why)
	}
	if _, why := p.Push(Headroom - linkHeader - 20); why != None {
		t.Errorf("%v, with room left", why)
	}
}

// resealed is a frame with the IPv4 header checksum it should have: else
// hardly a mutated one would pass Parse.
func resealed(frame []byte) []byte {
	p := lent(frame)
	if p.ethernet() != None || p.Type != TypeIPv4 || p.End-p.L3 < sizeIPv4 {
		return frame
	}
	if end := p.L3 + int(p.Buf[p.L3]&0xf)*4; end >= p.L3+sizeIPv4 && end <= p.End {
		seal4(p.Buf[p.L3:end])
	}
	return p.Buf[p.Off:]
}

// TestMutations runs the fuzzers' properties over spoilt frames, the same ones
// each time.
func TestMutations(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	passed := 0
	for range 400 {
		for _, line := range canonical {
			p := must(t, line)
			frame := p.Buf[p.Off:p.End]
			for range r.IntN(4) {
				frame[r.IntN(min(len(frame), 120))] = byte(r.Uint32())
			}
			addr := make([]byte, 16)
			be.PutUint64(addr, r.Uint64())
			be.PutUint64(addr[8:], r.Uint64())
			if q := lent(resealed(frame)); q.Parse() == None {
				passed++
			}
			rewriteHolds(t, frame, r.IntN(2) == 0, uint16(r.Uint32()), addr)
			quoteHolds(t, frame, uint16(r.Uint32()), addr)
		}
	}
	if passed < 400*len(canonical)/2 {
		t.Errorf("only %d frames got past Parse", passed)
	}
}
