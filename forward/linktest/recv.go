// SPDX-License-Identifier: Apache-2.0

package linktest

import (
	"bytes"

	"github.com/ulvs/ulvs/packet"
)

// lengths are frames around the sizes at which links do something else.
var lengths = []int{60, 128, 1514, 1518, 1780, 1781, 2048, 4096, 9014, 16116, 16117, 65535}

func recvNeverBlocks(e *exam) {
	batch := make([]packet.Packet, 4)
	for range 100 {
		if n, err := e.link.Recv(batch); n != 0 || err != nil {
			e.Fatalf("an idle link lent %d, %v; want 0 and no error", n, err)
		}
	}
	if n, err := e.link.Recv(nil); n != 0 || err != nil {
		e.Fatalf("no batch at all: %d, %v", n, err)
	}
}

func recvLendsInOrder(e *exam) {
	const frames = 50
	for i := range frames {
		e.inject(e.numbered(i))
	}
	batch := make([]packet.Packet, 7)
	for i := 0; i < frames; {
		for _, p := range e.recv(batch) {
			e.same(p, e.numbered(i))
			i++
		}
	}
	if n, _ := e.link.Recv(batch); n != 0 {
		e.Errorf("%d frames came that nobody sent", n)
	}
}

func recvZeroesTheRest(e *exam) {
	e.inject(e.numbered(1))
	batch := []packet.Packet{{
		Buf: []byte{1}, Off: 1, End: 1, L3: 1, L4: 1, Flow: packet.Flow{Proto: 1}, Hop: packet.Addr{1},
		Flags: 1, Type: 1, Frag: 1, ID: 1, VLAN: 1, Mark: 1, Port: 1,
		Offload: packet.Offload{Partial: true, Start: 1, Offset: 1, Kind: 1, Seg: 1, HdrLen: 1},
	}}
	p := e.recv(batch)[0]
	e.same(p, e.numbered(1))
	p.Buf, p.Off, p.End, p.ToUs = nil, 0, 0, false
	if p.L3 != 0 || p.L4 != 0 || p.Flow != (packet.Flow{}) || p.Hop != (packet.Addr{}) || p.Flags != 0 ||
		p.Type != 0 || p.Frag != 0 || p.ID != 0 || p.VLAN != 0 || p.Mark != 0 || p.Port != 0 || p.Offload != (packet.Offload{}) {
		e.Errorf("a field kept what was in the batch before: %+v", p)
	}
}

func recvLendsApart(e *exam) {
	want := [][]byte{}
	batch := e.together(e.numbered(0), e.sized(5000), e.numbered(2), e.sized(60000), e.sized(1514))
	for i := range batch {
		want = append(want, bytes.Clone(frame(batch[i])))
	}
	for i := range batch {
		p := &batch[i]
		if p.Off < packet.Headroom {
			e.Fatalf("frame %d has %d bytes of headroom, want %d", i, p.Off, packet.Headroom)
		}
		fill(p.Buf[p.Off-packet.Headroom:p.End], 0xee)
		for j := i + 1; j < len(batch); j++ {
			if !bytes.Equal(frame(batch[j]), want[j]) {
				e.Fatalf("writing to frame %d changed frame %d", i, j)
			}
		}
	}
	e.inject(e.numbered(9))
	e.same(e.one(), e.numbered(9))
}

func recvLendsUntilTheNext(e *exam) {
	batch := e.together(e.sized(1000), e.sized(30000))
	for i := range room { // all round, if it were a ring that does not look
		e.inject(e.numbered(i))
	}
	e.same(batch[0], e.sized(1000))
	e.same(batch[1], e.sized(30000))
	e.same(e.one(), e.numbered(0))
}

func recvAnyLength(e *exam) {
	for _, n := range lengths {
		e.inject(e.sized(n))
		e.same(e.one(), e.sized(n))
	}
	for range 3 { // long and short by turns, so that each goes its way and they meet again
		for _, n := range lengths {
			e.inject(e.sized(n))
		}
		batch := make([]packet.Packet, 5)
		for i := 0; i < len(lengths); {
			for _, p := range e.recv(batch) {
				e.same(p, e.sized(lengths[i]))
				i++
			}
		}
	}
}

// offloads are frames that a sender has not finished.
var offloads = []string{
	"192.0.2.1:7 > 198.51.100.1:9 tcp PA len 100 partial",
	"192.0.2.1:7 > 198.51.100.1:9 udp len 100 partial",
	"[2001:db8::7]:1234 > [2001:db8::1]:80 tcp PA len 100 partial",
	"192.0.2.1:7 > 198.51.100.1:9 tcp PA len 3000 gso 1448",
	"192.0.2.1:7 > 198.51.100.1:9 tcp PA len 60000 gso 1448",
	"192.0.2.1:7 > 198.51.100.1:9 tcp PA len 1449 gso 1448",
	"[2001:db8::7]:1234 > [2001:db8::1]:80 tcp PA len 60000 gso 1428",
	"192.0.2.1:7 > 198.51.100.1:9 udp len 12000 gso 1200",
	"[2001:db8::7]:1234 > [2001:db8::1]:80 udp len 12000 gso 1200",
}

func recvOffload(e *exam) {
	for _, text := range offloads {
		e.inject(e.draw(text))
		got := e.one()
		e.same(got, e.draw(text))
		if want := e.draw(text).Offload; got.Offload.Kind != packet.GSONone && got.Offload.HdrLen != want.HdrLen {
			e.Errorf("%s: headers of %d bytes, want %d", text, got.Offload.HdrLen, want.HdrLen)
		}
	}
}

func recvVLAN(e *exam) {
	for _, text := range []string{
		"192.0.2.1:7 > 198.51.100.1:9 udp len 100 vlan 100",
		"192.0.2.1:7 > 198.51.100.1:9 tcp PA len 100 partial vlan 4094",
		"192.0.2.1:7 > 198.51.100.1:9 tcp PA len 60000 gso 1448 vlan 1",
	} {
		e.inject(e.draw(text))
		e.same(e.one(), e.draw(text))
	}
}

func recvToUs(e *exam) {
	ours := e.far.MAC()
	for dst, want := range map[packet.MAC]bool{
		ours:                                 true,
		{2, 0, 0, 0, 0, 99}:                  false,
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}: false,
		{1, 0, 0x5e, 0, 0, 1}:                false,
	} {
		p := e.numbered(1)
		p.SetMAC(dst, peer)
		p.ToUs = want
		e.inject(p)
		if got := e.one(); got.ToUs != want {
			e.Errorf("a frame to %v came to %v with ToUs %v", dst, ours, got.ToUs)
		}
	}
}

func fill(b []byte, with byte) {
	for i := range b {
		b[i] = with
	}
}
