// SPDX-License-Identifier: Apache-2.0

package tun

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"

	"github.com/ulvs/ulvs/packet"
)

func draw(t testing.TB, line string) *packet.Packet {
	t.Helper()
	var p packet.Packet
	if err := p.FromText(line); err != nil {
		t.Fatal(err)
	}
	return &p
}

var (
	client = "198.51.100.7:1 > 192.0.2.1:2 "
	ends   = packet.AddrFrom(netip.MustParseAddr("10.0.0.1"))
	ends6  = packet.AddrFrom(netip.MustParseAddr("fd00::1"))
)

// A super-frame cannot go behind an outer header, and no packet without one
// who sends it.
func TestRefused(t *testing.T) {
	if why := Wrap(draw(t, client+"tcp A gso 1448 len 3000"), &ends, &packet.Wrap{Source: ends}); why != packet.TooBig {
		t.Errorf("a super-frame was wrapped: %v", why)
	}
	for _, source := range []packet.Addr{{}, ends6} {
		if why := Wrap(draw(t, client+"tcp A"), &ends, &packet.Wrap{Source: source}); why != packet.NoRoute {
			t.Errorf("wrapped from nobody: %v", why)
		}
	}
	if why := Wrap(draw(t, client+"tcp A len 65490"), &ends, &packet.Wrap{Source: ends}); why != packet.TooBig {
		t.Errorf("65,550 bytes were wrapped: %v", why)
	}
}

// What a sender left to a device is finished before it goes inside: the bytes
// are those of the same packet with all its checksums.
func TestFinished(t *testing.T) {
	for _, words := range []string{"tcp A len 5", `udp data "hello"`} {
		for _, kind := range []packet.TunnelKind{packet.IPIP, packet.GUE, packet.GRE} {
			w := packet.Wrap{Tunnel: packet.Tunnel{Kind: kind, Flags: packet.TunnelSum}, Source: ends}
			full, partial := draw(t, client+words), draw(t, client+words+" partial")
			if Wrap(full, &ends, &w) != packet.None || Wrap(partial, &ends, &w) != packet.None {
				t.Fatal("not wrapped")
			}
			if !bytes.Equal(full.Buf[full.Off:full.End], partial.Buf[partial.Off:partial.End]) || partial.Offload != (packet.Offload{}) {
				t.Errorf("%s in %v: not finished", words, kind)
			}
		}
	}
}

// What Wrap says of the outer packet is what Parse finds.
func TestParsesAlike(t *testing.T) {
	for _, line := range []string{client + "tcp SA len 5", client + "udp frag 0+ len 8 id 9", "[fd00::7]:1 > [fd00::1]:2 sctp INIT"} {
		for _, server := range []packet.Addr{ends, ends6} {
			for _, kind := range []packet.TunnelKind{packet.IPIP, packet.GUE, packet.GRE} {
				p := draw(t, line)
				w := packet.Wrap{Tunnel: packet.Tunnel{Kind: kind, Port: 6080}, Source: server, PMTU: true, Ports: [2]uint16{5, 5}}
				if why := Wrap(p, &server, &w); why != packet.None {
					t.Fatal(why)
				}
				q := *p
				if why := q.Parse(); why != packet.None {
					t.Errorf("%s in %v: %v", line, kind, why)
				}
				if p.L3 != q.L3 || p.L4 != q.L4 || p.End != q.End || p.Type != q.Type || p.Flow != q.Flow || p.Hop != q.Hop ||
					p.Frag != q.Frag || p.ID != q.ID || p.Flags != q.Flags || p.Chunk != q.Chunk {
					t.Errorf("%s in %v\nsaid  %+v\nfound %+v", line, kind, p.Flow, q.Flow)
				}
			}
		}
	}
}

func TestAllocates(t *testing.T) {
	p := draw(t, client+"tcp A len 1400")
	was := *p
	w := packet.Wrap{Tunnel: packet.Tunnel{Kind: packet.GUE, Flags: packet.TunnelSum}, Source: ends}
	if n := testing.AllocsPerRun(100, func() { *p = was; Wrap(p, &ends, &w) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkWrap(b *testing.B) {
	for _, tunnel := range []packet.Tunnel{{}, {Kind: packet.GUE}, {Kind: packet.GUE, Flags: packet.TunnelSum}, {Kind: packet.GRE}} {
		b.Run(fmt.Sprintf("%v-%d", tunnel.Kind, tunnel.Flags), func(b *testing.B) {
			p := draw(b, client+"tcp A len 1400")
			was, w := *p, packet.Wrap{Tunnel: tunnel, Source: ends}
			for b.Loop() {
				*p = was
				Wrap(p, &ends, &w)
			}
		})
	}
}
