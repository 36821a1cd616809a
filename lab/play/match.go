// SPDX-License-Identifier: Apache-2.0

package play

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/ulvs/ulvs/packet"
)

// A departure is an out line.
type departure struct {
	want  said   // what the line says, all of it
	named said   // … and what of that it names
	text  string // the packet as written
	hop   netip.Addr
	port  int
}

func readDeparture(line string) (act, error) {
	text, via, found := strings.Cut(strings.TrimPrefix(line, "out "), " via ")
	var p packet.Packet
	if err := p.FromText(text); err != nil {
		return nil, err
	}
	d := &departure{want: hear(p.Text()), named: hear(text), text: text}
	for _, word := range []string{"gso", "partial", "vlan", "mark", "mac", "not-to-us"} {
		if _, ok := d.named.words[word]; ok {
			return nil, fmt.Errorf("an out line cannot claim %s", word)
		}
	}
	d.hop, d.port = way(p.Flow.Dst.Addr.Netip())
	if !found {
		return d, nil
	}
	hop, err := netip.ParseAddr(strings.TrimSpace(via))
	if err != nil {
		return nil, fmt.Errorf("via wants an address: %w", err)
	}
	_, d.port = way(hop)
	d.hop = hop
	return d, nil
}

func (d *departure) play(p *player) error {
	if p.leave && p.traits.Hostless {
		return nil
	}
	left := &p.effect.Left[d.port]
	if len(*left) > 0 && d.is((*left)[0]) {
		*left, p.leave = (*left)[1:], false
		return nil
	}
	came := "nothing"
	for port, frames := range p.effect.Left {
		if len(frames) > 0 && (came == "nothing" || port == d.port) {
			came = seen(port, frames[0])
		}
	}
	return fmt.Errorf("  wanted: %s  [%s, to %v]\n  came:   %s%s", d.text, portNames[d.port], d.hop, came, p.reasons())
}

// reasons are what the world counted, for a message.
func (p *player) reasons() string {
	if len(p.effect.Counts) == 0 {
		return ""
	}
	return fmt.Sprintf("\n  counted: %v", p.effect.Counts)
}

// is reports whether the frame is the one the line claims.
func (d *departure) is(frame []byte) bool {
	p := parsed(frame)
	if p.DstMAC() != mac(d.hop) || p.SrcMAC() != portMAC(d.port) {
		return false
	}
	got := hear(text(p))
	return got.words["sum"] == d.want.words["sum"] && d.want.agrees(got, d.named)
}

// parsed is a frame as a packet.
func parsed(frame []byte) *packet.Packet {
	p := &packet.Packet{Buf: append([]byte(nil), frame...), End: len(frame), ToUs: true}
	p.Parse()
	return p
}

// text is a packet in words, without its link addresses.
func text(p *packet.Packet) string {
	head, _, _ := strings.Cut(p.Text(), " mac ")
	return head
}

// seen tells of a frame that left.
func seen(port int, frame []byte) string {
	p := parsed(frame)
	to := p.DstMAC().String()
	for _, e := range plan {
		for _, a := range e.neighbours() {
			if e.port == port && mac(a) == p.DstMAC() && a.Is4() == p.Is4() {
				to = a.String()
			}
		}
	}
	return fmt.Sprintf("%s  [%s, to %s]", text(p), portNames[port], to)
}
