// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"slices"
	"time"

	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/packet"
)

// A real server of dr or tun answers the client by itself. One whose gateway is
// the director answers through it: such replies bear the virtual address, and a
// director that is the kernel's would drop them as forged. Ours passes them on,
// and says so.

// maxAstray bounds the servers that are remembered, and astrayAge for how long.
const (
	maxAstray = 16
	astrayAge = time.Minute
)

// goneAstray notes a reply that should not have come by the director. A connection
// of nobody's was let pass where its client wanted to go: its replies may come.
func (w *worker) goneAstray(c *conntrack.Conn) {
	if c.Flags&conntrack.Untranslated == 0 || c.Owner == nobody {
		return
	}
	if _, known := w.astray[c.Server.Addr]; known || len(w.astray) < maxAstray {
		w.astray[c.Server.Addr] = w.now
	}
}

// tellAstray lists who has answered through the director of late.
func (w *worker) tellAstray() (lines []string) {
	for a, seen := range w.astray {
		if w.now-seen > astrayAge {
			delete(w.astray, a)
			continue
		}
		lines = append(lines, a.String()+" answers through the director: give it another gateway, a router that reaches the clients")
	}
	slices.Sort(lines)
	return lines
}

// newAstray is the memory of them.
func newAstray() map[packet.Addr]time.Duration { return make(map[packet.Addr]time.Duration, maxAstray) }
