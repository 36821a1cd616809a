// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"testing"

	"github.com/ulvs/ulvs/packet"
)

var (
	client4 = netip.MustParseAddrPort("192.0.2.1:4000")
	client6 = netip.MustParseAddrPort("[2001:db8::1]:4000")
	web4    = netip.AddrPortFrom(vip, 80)
	web6    = netip.AddrPortFrom(vip6, 80)
)

func TestUnwrap(t *testing.T) {
	four, six := datagram(client4, web4, "four"), datagram(client6, web6, "six")
	for name, c := range map[string]struct {
		w    wrap
		b    []byte
		want []byte
		why  Drop
	}{
		"ipip":              {wrapIPIP, four, four, none},
		"ipip 6":            {wrapIPIP, six, six, none},
		"padded":            {wrapIPIP, append(bytes.Clone(four), 0, 0, 0), four, none},
		"padded 6":          {wrapIPIP, append(bytes.Clone(six), 0, 0, 0), six, none},
		"gre":               {wrapGRE, gre(four), four, none},
		"gre 6":             {wrapGRE, gre(six), six, none},
		"gre sum":           {wrapGRE, greSummed(four), four, none},
		"gre wrong sum":     {wrapGRE, append(greSummed(four), 1, 2), nil, BadSum},
		"gre key":           {wrapGRE, append([]byte{0x20, 0, 8, 0, 0, 0, 0, 1}, four...), nil, Unagreed},
		"gre version":       {wrapGRE, append([]byte{0, 1, 8, 0}, four...), nil, Unagreed},
		"gre mpls":          {wrapGRE, append([]byte{0, 0, 0x88, 0x47}, four...), nil, NotIP},
		"gre short":         {wrapGRE, []byte{0x80, 0, 8, 0, 0}, nil, Short},
		"gue":               {wrapGUE, gue(four), four, none},
		"gue 6":             {wrapGUE, gue(six), six, none},
		"gue remote":        {wrapGUE, gueWithRemote(four), four, none},
		"gue version 1":     {wrapGUE, four, four, none},
		"gue version 1 6":   {wrapGUE, six, six, none},
		"gue version 2":     {wrapGUE, append([]byte{0x80, 4, 0, 0}, four...), nil, Unagreed},
		"gue control":       {wrapGUE, append([]byte{0x20, 4, 0, 0}, four...), nil, Unagreed},
		"gue other option":  {wrapGUE, append([]byte{1, 4, 0, 2, 0, 0, 0, 0}, four...), nil, Unagreed},
		"gue tcp":           {wrapGUE, append([]byte{0, 6, 0, 0}, four...), nil, NotIP},
		"gue long":          {wrapGUE, []byte{31, 4, 0, 0, 1, 2}, nil, Short},
		"nothing":           {wrapIPIP, nil, nil, Short},
		"cut":               {wrapIPIP, four[:len(four)-1], nil, Short},
		"cut 6":             {wrapIPIP, six[:len(six)-1], nil, Short},
		"not ip":            {wrapIPIP, bytes.Repeat([]byte{0x55}, 60), nil, NotIP},
		"bad header sum":    {wrapIPIP, flip(four, 8), nil, Malformed},
		"bad header length": {wrapIPIP, flip(four, 0), nil, Malformed},
	} {
		b, why := c.w.unwrap(c.b)
		var p inner
		if why == none {
			p, why = readInner(b)
		}
		if why != c.why || why == none && !bytes.Equal(p.b, c.want) {
			t.Errorf("%s: %v, %x: want %v, %x", name, why, p.b, c.why, c.want)
		}
	}
}

// flip turns the lowest bit of a byte, and of none besides.
func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

// TestCongest plays RFC 6040's table, as far as the kernel does: only a mark of
// congestion is carried over.
func TestCongest(t *testing.T) {
	for _, ends := range [][2]netip.AddrPort{{client4, web4}, {client6, web6}} {
		for inside := range uint8(4) {
			for outside := range uint8(4) {
				b := seg{src: ends[0], dst: ends[1], class: inside | 0x40, flags: packet.ACK}.bytes()
				p, _ := readInner(b)
				why := p.congest(outside)
				want := seg{src: ends[0], dst: ends[1], class: inside | 0x40, flags: packet.ACK}
				if outside == 3 && inside != 0 {
					want.class |= 3
				}
				switch {
				case outside == 3 && inside == 0:
					if why != Congested {
						t.Errorf("inside 0, outside 3: %v", why)
					}
				case why != none || !bytes.Equal(p.b, want.bytes()):
					t.Errorf("inside %d, outside %d: %v, %s", inside, outside, why, hex.EncodeToString(p.b[:8]))
				}
			}
		}
	}
}

func TestUnfinished(t *testing.T) {
	for _, b := range [][]byte{
		datagram(client4, web4, "udp"), datagram(client6, web6, "udp"),
		seg{src: client4, dst: web4, flags: packet.ACK}.bytes(), seg{src: client6, dst: web6, flags: packet.ACK}.bytes(),
	} {
		p, why := readInner(b)
		if why != none || p.partial || !p.sound() {
			t.Errorf("a finished packet: %v, unfinished %v, sound %v", why, p.partial, p.sound())
		}
		bad, _ := readInner(flip(b, len(b)-1))
		if bad.sound() {
			t.Error("a wrong checksum was not seen")
		}
		at := p.l4 + p.checksumAt()
		pseudo := p.b[12:20]
		if !p.is4() {
			pseudo = p.b[8:40]
		}
		be.PutUint16(b[at:], uint16(packet.Sum(pseudo, uint32(p.proto)+uint32(len(b)-p.l4))))
		if p, _ = readInner(b); !p.partial || !p.sound() {
			t.Error("an unfinished checksum was not seen")
		}
	}
}

// FuzzUnwrap wants no packet to make us read past its end.
func FuzzUnwrap(f *testing.F) {
	four := datagram(client4, web4, "four")
	for _, b := range [][]byte{four, gre(four), greSummed(four), gue(four), gueWithRemote(four), seg{src: client6, dst: web6, flags: packet.ACK, payload: four}.bytes()} {
		f.Add(b, uint8(3))
	}
	f.Fuzz(func(t *testing.T, b []byte, class uint8) {
		for w := range wrapGUE + 1 {
			m := newMerger(func(*vnetHeader, [][]byte) {})
			in, why := w.unwrap(bytes.Clone(b))
			if why != none {
				continue
			}
			p, why := readInner(in)
			if why == none && p.congest(class) == none {
				m.add(p)
				m.add(p)
				m.flush()
			}
		}
	})
}
