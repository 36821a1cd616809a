// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"net/netip"
	"testing"
)

// made is what a maker leaves in memory that held something else before.
func made(make func(dst *Packet)) *Packet {
	p := &Packet{Buf: garbage(), Off: Headroom, End: Headroom, L4: 99, Frag: Later, Flags: 99, ID: 9,
		Offload: Offload{Partial: true, Kind: GSOUDP}}
	make(p)
	return p
}

func garbage() []byte {
	b := make([]byte, Headroom+MaxFrame)
	for i := range b {
		b[i] = 0xa5
	}
	return b
}

// parsedAs reports that a made packet is what its line says, and that the
// maker set what Parse finds.
func parsedAs(t *testing.T, p *Packet, want string) {
	t.Helper()
	if p.DstMAC()[0] == 0xa5 { // a packet for a next hop that is not known yet
		p.SetMAC(usualDst, usualSrc)
	}
	q := *p
	if why := q.Parse(); why != None {
		t.Fatalf("%s: made, but %v", want, why)
	}
	if p.L3 != q.L3 || p.Type != q.Type || p.End != q.End || p.Offload != q.Offload || p.Type != TypeARP &&
		(p.L4 != q.L4 || p.Flow != q.Flow || p.Hop != q.Hop || p.Flags != q.Flags || p.Frag != q.Frag || p.ID != q.ID) {
		t.Errorf("%s\nmade   %+v\nparsed %+v", want, without(p), without(&q))
	}
	q.ToUs = true
	if got := q.Text(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func without(p *Packet) Packet {
	q := *p
	q.Buf = nil
	return q
}

func addr(text string) Addr { return AddrFrom(netip.MustParseAddr(text)) }

// How Linux words each error; the numbers are IANA's.
func TestICMPError(t *testing.T) {
	const v4, v6 = "198.51.100.7:5 > 192.0.2.1:7 udp", "[fd00::7]:5 > [fd00::1]:7 udp"
	for _, c := range []struct {
		about string
		e     Error
		mtu   int
		want  string
	}{
		{v4, PortUnreachable, 0, "icmp port-unreachable { " + v4 + " } tos 0xc0"},
		{v4, HostUnreachable, 0, "icmp host-unreachable { " + v4 + " } tos 0xc0"},
		{v4, NetUnreachable, 0, "icmp net-unreachable { " + v4 + " } tos 0xc0"},
		{v4 + " ttl 1 tos 0xff id 7", TimeExceeded, 0, "icmp time-exceeded { " + v4 + " ttl 1 tos 0xff id 7 } tos 0xde id 7"},
		{v4 + " len 1472 df", TooLong, 1400, "icmp frag-needed { " + v4 + " len 1472 df } mtu 1400 tos 0xc0"},
		{v6, PortUnreachable, 0, "icmp6 port-unreachable { " + v6 + " }"},
		{v6, HostUnreachable, 0, "icmp6 host-unreachable { " + v6 + " }"},
		{v6, NetUnreachable, 0, "icmp6 net-unreachable { " + v6 + " }"},
		{v6 + " ttl 1", TimeExceeded, 0, "icmp6 time-exceeded { " + v6 + " ttl 1 }"},
		{v6 + " len 1452", TooLong, 1400, "icmp6 too-big { " + v6 + " len 1452 } mtu 1400"},
		{v4 + " len 9 partial", PortUnreachable, 0, "icmp port-unreachable { " + v4 + " len 9 } tos 0xc0"},
	} {
		about := must(t, c.about)
		from, ends := addr("192.0.2.254"), "192.0.2.254 > 198.51.100.7 "
		if !about.Is4() {
			from, ends = addr("fd00::fe"), "fd00::fe > fd00::7 "
		}
		p := made(func(dst *Packet) { ICMPError(dst, about, from, c.e, c.mtu) })
		parsedAs(t, p, ends+c.want)
	}
}

// RFC 1812 §4.3.2.3 and RFC 4443 §2.4c bound how long an error is.
func TestICMPErrorLength(t *testing.T) {
	for line, want := range map[string]int{
		"198.51.100.7:5 > 192.0.2.1:7 udp len 520": 576, "198.51.100.7:5 > 192.0.2.1:7 udp len 519": 575,
		"198.51.100.7:5 > 192.0.2.1:7 udp len 30000": 576,
		"[fd00::7]:5 > [fd00::1]:7 udp len 1184":     1280, "[fd00::7]:5 > [fd00::1]:7 udp len 1183": 1279,
		"[fd00::7]:5 > [fd00::1]:7 udp len 30000": 1280,
	} {
		about := must(t, line)
		p := made(func(dst *Packet) { ICMPError(dst, about, about.Flow.Dst.Addr, PortUnreachable, 0) })
		if p.L3Len() != want || p.Parse() != None || !p.ICMPGood() {
			t.Errorf("%q: %d bytes, want %d", line, p.L3Len(), want)
		}
	}
}

// RFC 9293 §3.10.7.1, the closed state.
func TestTCPReset(t *testing.T) {
	for about, want := range map[string]string{
		"198.51.100.7:5 > 192.0.2.1:80 tcp S seq 9":               "192.0.2.1:80 > 198.51.100.7:5 tcp RA ack 10 df",
		"198.51.100.7:5 > 192.0.2.1:80 tcp SF seq 9 len 5":        "192.0.2.1:80 > 198.51.100.7:5 tcp RA ack 16 df",
		"198.51.100.7:5 > 192.0.2.1:80 tcp seq 4294967295 len 5":  "192.0.2.1:80 > 198.51.100.7:5 tcp RA ack 4 df",
		"198.51.100.7:5 > 192.0.2.1:80 tcp PA seq 9 ack 7 len 5":  "192.0.2.1:80 > 198.51.100.7:5 tcp R seq 7 df",
		"198.51.100.7:5 > 192.0.2.1:80 tcp S seq 9 [mss 1460]":    "192.0.2.1:80 > 198.51.100.7:5 tcp RA ack 10 df",
		"198.51.100.7:5 > 192.0.2.1:80 tcp S seq 9 tos 0x13 df":   "192.0.2.1:80 > 198.51.100.7:5 tcp RA ack 10 tos 0x10 df",
		"[fd00::7]:5 > [fd00::1]:80 tcp S seq 9":                  "[fd00::1]:80 > [fd00::7]:5 tcp RA ack 10",
		"198.51.100.7:5 > 192.0.2.1:80 tcp seq 1 len 3000 gso 99": "192.0.2.1:80 > 198.51.100.7:5 tcp RA ack 3001 df",
	} {
		p := made(func(dst *Packet) { TCPReset(dst, must(t, about)) })
		if w := be.Uint16(p.Buf[p.L4+14:]); w != 0 {
			t.Errorf("%q: window %d", about, w)
		}
		parsedAs(t, p, want)
	}
}

func TestEchoReply(t *testing.T) {
	for about, want := range map[string]string{
		`198.51.100.7 > 192.0.2.1 icmp echo-request seq 2 ident 3 data "abc" ttl 5 id 9`: `192.0.2.1 > 198.51.100.7 icmp echo-reply seq 2 ident 3 data "abc" id 9`,
		`fd00::7 > fd00::1 icmp6 echo-request seq 2 ident 3 data "abc" ttl 5`:            `fd00::1 > fd00::7 icmp6 echo-reply seq 2 ident 3 data "abc"`,
	} {
		p := must(t, about)
		if !p.IsEcho() {
			t.Errorf("%q: no echo request", about)
		}
		r := made(func(dst *Packet) { EchoReply(dst, p) })
		if r.ID = 0; r.IsEcho() {
			t.Errorf("%q: the reply is a request", about)
		}
		parsedAs(t, r, want)
	}
}

// What an error leaves unused is zero (RFC 792), whatever the memory held.
func TestICMPErrorUnused(t *testing.T) {
	about := must(t, "198.51.100.7:5 > 192.0.2.1:7 udp")
	p := made(func(dst *Packet) { ICMPError(dst, about, about.Flow.Dst.Addr, PortUnreachable, 1400) })
	if unused := be.Uint32(p.Buf[p.L4+4:]); unused != 0 {
		t.Errorf("%#x", unused)
	}
}

// Who is never answered: RFC 1122 §3.2.2, RFC 4443 §2.4e.
func TestMayAnswer(t *testing.T) {
	for line, want := range map[string]bool{
		"198.51.100.7:5 > 192.0.2.1:80 udp":                                           true,
		"198.51.100.7:5 > 192.0.2.1:80 udp frag 0+ len 8":                             true,
		"198.51.100.7 > 192.0.2.1 udp frag 8+ len 8":                                  false,
		"198.51.100.7 > 192.0.2.1 icmp echo-request":                                  true,
		"198.51.100.7 > 192.0.2.1 icmp port-unreachable":                              false,
		"198.51.100.7 > 192.0.2.1 icmp redirect":                                      false,
		"198.51.100.7 > 192.0.2.1 icmp parameter-problem":                             false,
		"198.51.100.7:5 > 192.0.2.1:80 udp not-to-us":                                 false,
		"224.0.0.1:5 > 192.0.2.1:80 udp":                                              false,
		"0.0.0.0:5 > 192.0.2.1:80 udp":                                                false,
		"255.255.255.255:5 > 192.0.2.1:80 udp":                                        false,
		"198.51.100.7:5 > 224.0.0.1:80 udp":                                           false,
		"198.51.100.7:5 > 255.255.255.255:80 udp":                                     false,
		"[fd00::7]:5 > [fd00::1]:80 udp":                                              true,
		"[fd00::7]:5 > [ff02::1]:80 udp":                                              false,
		"[::]:5 > [fd00::1]:80 udp":                                                   false,
		"fd00::7 > fd00::1 icmp6 echo-request":                                        true,
		"fd00::7 > fd00::1 icmp6 127/0":                                               false,
		"198.51.100.7:5 > 192.0.2.1:80 udp mac 02:00:00:00:00:01 > ff:ff:ff:ff:ff:ff": false,
	} {
		if got := MayAnswer(must(t, line)); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

// Which errors follow a connection: the types of ip_vs_in_icmp and its IPv6 twin.
func TestRelated(t *testing.T) {
	for word, want := range map[string]bool{
		"icmp 3/0": true, "icmp 4/0": true, "icmp 11/0": true, "icmp 5/0": false, "icmp 12/0": false, "icmp 8/0": false, "icmp 0/0": false,
		"icmp6 1/0": true, "icmp6 2/0": true, "icmp6 3/0": true, "icmp6 4/0": true, "icmp6 128/0": false, "icmp6 135/0": false,
		"udp": false, "icmp frag 8+ len 8": false,
	} {
		line := "192.0.2.1 > 198.51.100.7 " + word
		if len(word) > 4 && word[:5] == "icmp6" {
			line = "fd00::1 > fd00::2 " + word
		} else if word == "udp" {
			line = "192.0.2.1:1 > 198.51.100.7:2 udp"
		}
		if got := must(t, line).Related(); got != want {
			t.Errorf("%q: %v", line, got)
		}
	}
}

// What an error quotes, as far as it goes.
func TestQuote(t *testing.T) {
	p := must(t, "192.0.2.1 > 198.51.100.7 icmp port-unreachable { 198.51.100.7:5 > 192.0.2.1:7 tcp A }")
	q, why := p.Quote()
	if why != None || q.Flow.Src.String() != "198.51.100.7:5" || q.Flow.Dst.String() != "192.0.2.1:7" || q.Flow.Proto != ProtoTCP {
		t.Errorf("%v: %+v", why, q)
	}
	p.End = q.L4 + 4
	if q, why = p.Quote(); why != None || q.Flow.Dst.Port != 7 {
		t.Errorf("ports and no more: %v", why)
	}
	p.End--
	if _, why = p.Quote(); why != Truncated {
		t.Errorf("half a port: %v", why)
	}
	p = must(t, "192.0.2.1 > 198.51.100.7 icmp time-exceeded { 198.51.100.7 > 192.0.2.1 udp frag 8+ len 8 }")
	if q, why = p.Quote(); why != None || q.Frag != Later || q.Flow.Src.Port != 0 {
		t.Errorf("later fragment: %v %+v", why, q)
	}
	if _, why = must(t, "192.0.2.1 > 198.51.100.7 icmp echo-request len 60").Quote(); why == None {
		t.Error("an echo request quotes")
	}
	if must(t, "192.0.2.1 > 198.51.100.7 icmp port-unreachable { 198.51.100.7:5 > 192.0.2.1:7 udp } sum bad").ICMPGood() {
		t.Error("a bad checksum passed")
	}
}

// An unfinished checksum has seen no wire that could have spoilt it; that of
// a fragment cannot be told.
func TestICMPGood(t *testing.T) {
	p := must(t, "fd00::1 > fd00::7 icmp6 port-unreachable { [fd00::7]:5 > [fd00::1]:7 udp } sum bad")
	if p.ICMPGood() {
		t.Error("a bad checksum passed")
	}
	p.Offload = Offload{Partial: true, Start: uint16(p.L4 - p.Off), Offset: 2}
	if !p.ICMPGood() {
		t.Error("an unfinished checksum did not pass")
	}
	if must(t, "192.0.2.1 > 198.51.100.7 icmp port-unreachable frag 0+ len 16").ICMPGood() {
		t.Error("a first fragment passed")
	}
}
