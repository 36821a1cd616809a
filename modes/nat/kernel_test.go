// SPDX-License-Identifier: Apache-2.0

package nat

import (
	"encoding/hex"
	"strings"
	"testing"

	"github.com/ulvs/ulvs/packet"
)

// SCTP through the nat of Linux 6.1.176: what a client at 10.255.0.2 sent to
// 10.255.0.1 and servers at 10.1.0.1 and 10.1.0.2 answered, and what left the
// director. Of the common header, in the order of the bytes: source and
// destination port, verification tag, checksum. The chunks were as below.
//
// It shows that a checksum is made anew, and right, if and only if a port
// changes.
const recorded = `
in  9  10.1.0.1:99 1b580009 00001234 8ee3eb88 -> 1b580063 00001234 19f2da7b
out 9  10.1.0.1:99 00631b58 00001234 df3c1301 -> 00091b58 00001234 bf494d5d
in  10 10.1.0.2:10 1b58000a 00001234 10c86b95 -> 1b58000a 00001234 10c86b95
out 10 10.1.0.2:10 000a1b58 00001234 28e8a4d4 -> 000a1b58 00001234 28e8a4d4
in  9  10.1.0.1:99 1b590009 00001234 03835de1 -> 1b590063 00001234 94927d03
out 9  10.1.0.1:99 00631b59 00001234 faf7d9e7 -> 00091b59 00001234 9a8296aa
in  10 10.1.0.2:10 1b59000a 00001234 9da8ddfc -> 1b59000a 00001234 9da8ddfc
out 10 10.1.0.2:10 000a1b59 00001234 0d236e32 -> 000a1b59 00001234 0d236e32
`

var sentChunks = map[string]string{
	"in":  "01000014000102030405060708090a0b0c0d0e0f", // INIT
	"out": "02000014000102030405060708090a0b0c0d0e0f", // INIT-ACK
}

func TestKernelSCTP(t *testing.T) {
	for line := range strings.Lines(strings.TrimSpace(recorded)) {
		w := strings.Fields(line) // direction, virtual port, server, three words, ->, three words
		c := packet.Ctx{Path: packet.Path{Virtual: end("10.255.0.1:" + w[1]), Server: end(w[2])}}
		from, to, way := "10.255.0.2", "10.255.0.1", In
		if w[0] == "out" {
			from, to, way = c.Path.Server.Addr.String(), "10.255.0.2", Out
		}
		p := raw(t, from+" > "+to, strings.Join(w[3:6], "")+sentChunks[w[0]])
		if why := way(p, &c); why != packet.None {
			t.Fatal(why)
		}
		want := strings.Join(w[7:10], "") + sentChunks[w[0]]
		if got := hex.EncodeToString(p.Buf[p.L4:p.End]); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", line, got, want)
		}
	}
}

// raw is a packet with this SCTP inside.
func raw(t *testing.T, ends, text string) *packet.Packet {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	from, to, _ := strings.Cut(ends, " > ")
	var p packet.Packet
	if err := p.FromText(from + ":1 > " + to + ":1 sctp INIT"); err != nil {
		t.Fatal(err)
	}
	copy(p.Buf[p.L4:p.End], b)
	if why := p.Parse(); why != packet.None {
		t.Fatal(why)
	}
	return &p
}
