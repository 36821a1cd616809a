// SPDX-License-Identifier: Apache-2.0

package linktest

import (
	"bytes"

	"github.com/ulvs/ulvs/packet"
)

func sendKeepsOrder(e *exam) {
	const frames = 200
	var all []packet.Packet
	for i := range frames {
		all = append(all, e.numbered(i))
	}
	e.send(all...)
	for i := range frames {
		e.same(e.taken(), e.numbered(i))
	}
}

// sendAnyLength sends what the port's MTU lets through.
func sendAnyLength(e *exam) {
	for _, n := range lengths {
		if n > 1514 {
			break
		}
		e.send(e.sized(n))
		e.same(e.taken(), e.sized(n))
	}
}

func sendIsDone(e *exam) {
	for _, text := range append([]string{
		"192.0.2.1:7 > 198.51.100.1:9 udp len 100",
		"192.0.2.1:7 > 198.51.100.1:9 udp len 100 vlan 7",
	}, offloads...) {
		p := e.draw(text)
		before := p
		before.Buf = bytes.Clone(p.Buf)
		fill(p.Buf[:spare], 0xee) // headroom is packet.Headroom and no more
		e.send(p)
		e.same(p, before)
		for i, c := range p.Buf[:spare] {
			if c != 0xee {
				e.Fatalf("%s: Send wrote to byte %d, before the headroom", text, i)
			}
		}
		fill(p.Buf, 0xdd)
		e.same(e.taken(), before)
	}
}

func sendTakesLent(e *exam) {
	for _, n := range []int{60, 1514} {
		e.inject(e.sized(n))
		e.send(e.one())
		e.same(e.taken(), e.sized(n))
	}
	batch := e.together(e.draw(offloads[4]), e.numbered(1))
	e.send(batch...)
	e.same(e.taken(), e.draw(offloads[4]))
	e.same(e.taken(), e.numbered(1))
}

func sendOffload(e *exam) {
	for _, text := range offloads {
		e.send(e.draw(text))
		e.same(e.taken(), e.draw(text))
	}
	var mixed []packet.Packet
	for i, text := range offloads {
		mixed = append(mixed, e.draw(text), e.numbered(i))
	}
	e.send(mixed...)
	for i, text := range offloads {
		e.same(e.taken(), e.draw(text))
		e.same(e.taken(), e.numbered(i))
	}
}

// sendFitting: the kernel refuses a super-frame of one segment. A wire that
// has no such rule may carry it as it is.
func sendFitting(e *exam) {
	p := e.draw("192.0.2.1:7 > 198.51.100.1:9 tcp PA len 1448 partial")
	super := p
	super.Offload.Kind, super.Offload.Seg = packet.GSOTCP4, 1448
	e.send(super)
	got := e.taken()
	if got.Offload.Kind != packet.GSONone {
		got.Offload.Kind, got.Offload.Seg, got.Offload.HdrLen = packet.GSONone, 0, 0
	}
	e.same(got, p)
}

func sendVLAN(e *exam) {
	for _, text := range []string{
		"192.0.2.1:7 > 198.51.100.1:9 udp len 100 vlan 100",
		"192.0.2.1:7 > 198.51.100.1:9 udp len 1472 vlan 100",
		"192.0.2.1:7 > 198.51.100.1:9 tcp PA len 100 partial vlan 4094",
		"192.0.2.1:7 > 198.51.100.1:9 tcp PA len 60000 gso 1448 vlan 1",
	} {
		e.send(e.draw(text))
		e.same(e.taken(), e.draw(text))
	}
}

func sendGoesOn(e *exam) {
	stub := e.numbered(0)
	stub.End = stub.Off + 5
	all := []packet.Packet{stub, e.numbered(1), stub, stub, e.numbered(2), e.draw(offloads[4]), stub, e.numbered(3), stub}
	for i, why := range e.try(all...) {
		if bad := all[i].End == all[i].Off+5; bad != (why != packet.None) {
			e.Errorf("frame %d of %d bytes: %v", i, all[i].End-all[i].Off, why)
		}
	}
	for _, want := range []packet.Packet{e.numbered(1), e.numbered(2), e.draw(offloads[4]), e.numbered(3)} {
		e.same(e.taken(), want)
	}
}
