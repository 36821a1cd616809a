// SPDX-License-Identifier: Apache-2.0

package packet

import "testing"

var ourMAC = MAC{2, 0, 0, 0, 0, 9}

// Made messages are the ones that the notation draws.
func TestARPMakers(t *testing.T) {
	ask := made(func(dst *Packet) { ARPRequest(dst, ourMAC, addr("192.0.2.254"), addr("192.0.2.1")) })
	parsedAs(t, ask, "arp who-has 192.0.2.1 tell 192.0.2.254 mac 02:00:00:00:00:09 > ff:ff:ff:ff:ff:ff")
	answer := made(func(dst *Packet) { ARPReply(dst, ask, MAC{2, 5: 7}) })
	parsedAs(t, answer, "arp 192.0.2.1 is-at 02:00:00:00:00:07 tell 192.0.2.254 mac 02:00:00:00:00:07 > 02:00:00:00:00:09")
	a, ok := answer.ARP()
	if !ok || !a.IsReply() || a.IsRequest() || a.SenderMAC() != (MAC{2, 5: 7}) || a.TargetMAC() != ourMAC ||
		a.SenderIP() != addr("192.0.2.1") || a.TargetIP() != addr("192.0.2.254") {
		t.Errorf("%v %x", ok, a)
	}
}

// The bytes of RFC 826's request, by hand.
func TestARPBytes(t *testing.T) {
	ask := made(func(dst *Packet) { ARPRequest(dst, ourMAC, addr("192.0.2.254"), addr("192.0.2.1")) })
	same(t, "request", ask, wire(t, "ffffffffffff 020000000009 0806 0001 0800 06 04 0001 020000000009 c00002fe 000000000000 c0000201"))
	probe := made(func(dst *Packet) { ARPRequest(dst, ourMAC, Addr{}, addr("192.0.2.1")) })
	same(t, "probe", probe, wire(t, "ffffffffffff 020000000009 0806 0001 0800 06 04 0001 020000000009 00000000 000000000000 c0000201"))
}

func TestARPUnsound(t *testing.T) {
	for _, frame := range []string{
		"ffffffffffff 020000000009 0806 0001 0800 06 04 0001 020000000009 c00002fe 000000000000 c00002",
		"ffffffffffff 020000000009 0806 0002 0800 06 04 0001 020000000009 c00002fe 000000000000 c0000201",
		"ffffffffffff 020000000009 0806 0001 86dd 06 04 0001 020000000009 c00002fe 000000000000 c0000201",
		"ffffffffffff 020000000009 0806 0001 0800 06 10 0001 020000000009 c00002fe 000000000000 c0000201",
	} {
		p := wire(t, frame)
		if why := p.Parse(); why != None || p.Type != TypeARP || p.Flow != (Flow{}) {
			t.Errorf("%v: %+v", why, p)
		}
		if _, ok := p.ARP(); ok {
			t.Errorf("%s passed", frame)
		}
	}
}

func TestNDMakers(t *testing.T) {
	ask := made(func(dst *Packet) { NeighbourSolicit(dst, ourMAC, addr("fd00::fe"), addr("fd00::12:3456")) })
	if ask.DstMAC() != (MAC{0x33, 0x33, 0xff, 0x12, 0x34, 0x56}) || ask.Flow.Dst.Addr != addr("ff02::1:ff12:3456") || ask.TTL() != 255 {
		t.Errorf("to %v at %v, hop limit %d", ask.Flow.Dst, ask.DstMAC(), ask.TTL())
	}
	parsedAs(t, ask, "nd who-has fd00::12:3456 tell fd00::fe mac 02:00:00:00:00:09 > 33:33:ff:12:34:56")
	n, ok := ask.ND()
	if who, mac, told := n.Tells(); !ok || !n.IsSolicit() || who != addr("fd00::fe") || mac != ourMAC || !told {
		t.Errorf("%v: tells %v at %v", ok, who, mac)
	}
	answer := made(func(dst *Packet) { NeighbourAdvert(dst, ask, MAC{2, 5: 7}) })
	parsedAs(t, answer, "nd fd00::12:3456 is-at 02:00:00:00:00:07 tell fd00::fe mac 02:00:00:00:00:07 > 02:00:00:00:00:09")
	if flags := answer.Buf[answer.L4+4]; flags != 0x60 {
		t.Errorf("flags %#x, want solicited and override", flags)
	}
	n, ok = answer.ND()
	if who, mac, told := n.Tells(); !ok || n.IsSolicit() || who != addr("fd00::12:3456") || mac != (MAC{2, 5: 7}) || !told {
		t.Errorf("%v: tells %v at %v", ok, who, mac)
	}
}

// A probe for duplicates has no sender to answer: all nodes hear it
// (RFC 4861 §7.2.4).
func TestNDProbe(t *testing.T) {
	ask := made(func(dst *Packet) { NeighbourSolicit(dst, ourMAC, Addr{}, addr("fd00::1")) })
	n, ok := ask.ND()
	if ask.Parse() != None || !ok {
		t.Fatal("the probe is unsound")
	}
	if _, _, told := n.Tells(); told {
		t.Error("a probe tells nothing")
	}
	answer := made(func(dst *Packet) { NeighbourAdvert(dst, ask, ourMAC) })
	parsedAs(t, answer, "nd fd00::1 is-at 02:00:00:00:00:09")
	if answer.DstMAC() != (MAC{0x33, 0x33, 5: 1}) {
		t.Errorf("to %v", answer.DstMAC())
	}
	if flags := answer.Buf[answer.L4+4]; flags != 0x20 {
		t.Errorf("flags %#x, want override alone", flags)
	}
}

// The checks of RFC 4861 §7.1, one broken at a time; break spoils a sound one.
func TestNDUnsound(t *testing.T) {
	const solicit, advert = "nd who-has fd00::1 tell fd00::7", "nd fd00::1 is-at 02:00:00:00:00:09"
	for _, c := range []struct {
		name, line string
		spoil      func(p *Packet)
	}{
		{"passed a router", solicit, func(p *Packet) { p.Buf[p.L3+7] = 254 }},
		{"code 1", solicit, func(p *Packet) { p.Buf[p.L4+1] = 1 }},
		{"multicast target", solicit, func(p *Packet) { p.Buf[p.L4+8] = 0xff }},
		{"option of length 0", solicit, func(p *Packet) { p.Buf[p.L4+25] = 0 }},
		{"option too long", solicit, func(p *Packet) { p.Buf[p.L4+25] = 2 }},
		{"solicited, to all", advert, func(p *Packet) { p.Buf[p.L4+4] |= 0x40 }},
		{"a probe that names its sender", solicit, func(p *Packet) { clear(p.Buf[p.L3+8 : p.L3+24]) }},
	} {
		p := must(t, c.line)
		if _, ok := p.ND(); !ok || !p.IsND() {
			t.Errorf("%s: unsound before", c.name)
		}
		c.spoil(p)
		p.seal()
		if p.Parse() != None {
			t.Fatal(c.name)
		}
		if _, ok := p.ND(); ok {
			t.Errorf("%s: passed", c.name)
		}
	}
	p := must(t, solicit)
	spoil(p.Buf[p.L4+2:])
	if _, ok := p.ND(); ok {
		t.Error("a bad checksum passed")
	}
}
