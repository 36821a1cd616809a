// SPDX-License-Identifier: Apache-2.0

package play

import (
	"slices"

	"github.com/ulvs/ulvs/packet"
)

// A hose is a link whose far end the player holds: frames are put in at in, and
// appear at out. It is a forward.Link.
type hose struct {
	name string
	in   [][]byte
	out  [][]byte
}

func (h *hose) Recv(batch []packet.Packet) (int, error) {
	n := min(len(batch), len(h.in))
	for i, frame := range h.in[:n] {
		buf := slices.Concat(make([]byte, packet.Headroom), frame)
		batch[i] = packet.Packet{Buf: buf, Off: packet.Headroom, End: len(buf), ToUs: true}
	}
	h.in = h.in[n:]
	return n, nil
}

func (h *hose) Send(batch []*packet.Packet, sent []packet.Drop) {
	for i, p := range batch {
		frame := slices.Clone(p.Buf[p.Off:p.End])
		if !isNoise(parsed(frame)) {
			h.out = append(h.out, frame)
		}
		sent[i] = packet.None
	}
}

// isNoise reports whether a frame is what any host says of itself: in IPv6
// neighbour discovery and the groups it joins (RFC 3810), all to ff00::/8; in
// IPv4 that it would have an address, or has it (RFC 5227).
func isNoise(p *packet.Packet) bool {
	if a, ok := p.ARP(); ok {
		return a.SenderIP() == a.TargetIP() || a.SenderIP().Netip().IsUnspecified()
	}
	return p.Type == packet.TypeIPv6 && (p.IsND() || p.Flow.Dst.Addr[0] == 0xff)
}

func (h *hose) Fd() int        { return -1 }
func (h *hose) Lost() uint64   { return 0 }
func (h *hose) String() string { return "mem " + h.name }
func (h *hose) Close() error   { return nil }
