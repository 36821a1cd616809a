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
		h.out = append(h.out, slices.Clone(p.Buf[p.Off:p.End]))
		sent[i] = packet.None
	}
}

func (h *hose) Fd() int        { return -1 }
func (h *hose) Lost() uint64   { return 0 }
func (h *hose) String() string { return "mem " + h.name }
func (h *hose) Close() error   { return nil }
