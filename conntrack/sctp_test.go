// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"strings"
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// The life of an association, step by step (RFC 9260 §5.1, §9.2): the state,
// whether it counts as active, and the seconds it has.
func TestAssociations(t *testing.T) {
	for name, life := range map[string]struct {
		new   New
		steps []string
	}{
		"nat": {nat(132, 1), []string{
			"in INIT: INIT1 - 4s", "out INIT-ACK: C-SENT - 1m1s", "in COOKIE-ECHO: C-REPLIED - 1m1s", "out COOKIE-ACK: ESTABLISHED + 15m0s",
			"in DATA: ESTABLISHED + 15m0s", "out SACK: ESTABLISHED + 15m0s",
			"in SHUTDOWN: S-RECEIVED - 1m1s", "out SHUTDOWN-ACK: S-ACK-SENT - 1m1s", "in SHUTDOWN-COMPLETE: CLOSED - 1m1s"}},
		"nat, the server ends it": {nat(132, 1), []string{
			"in INIT: INIT1 - 4s", "out COOKIE-ACK: ESTABLISHED + 15m0s",
			"out SHUTDOWN: S-SENT - 1m1s", "in SHUTDOWN-ACK: CLOSED - 1m1s", "out SHUTDOWN-COMPLETE: CLOSED - 1m1s"}},
		"direct": {direct(132, 1), []string{
			"in INIT: INIT1 - 4s", "in COOKIE-ECHO: ESTABLISHED + 15m0s", "in ABORT: CLOSED - 1m1s", "in INIT: INIT - 1m1s"}},
		"direct, but a reply comes by": {direct(132, 1), []string{
			"in INIT: INIT1 - 4s", "out INIT-ACK: C-SENT - 1m1s", "in COOKIE-ECHO: C-REPLIED - 1m1s"}},
		"a reply without a chunk proves nothing": {direct(132, 1), []string{
			"in INIT: INIT1 - 4s", "out -: INIT1 - 4s", "in COOKIE-ECHO: ESTABLISHED + 15m0s"}},
	} {
		tab, n := newTable(1), life.new
		c := insert(t, tab, n, 0)
		for _, step := range life.steps {
			words, want, _ := strings.Cut(step, ": ")
			d, word, _ := strings.Cut(words, " ")
			shift := tab.Track(c, directions[d], 0, chunk(t, word), time.Hour)
			sign := map[bool]string{true: " + ", false: " - "}[c.Flags&Inactive == 0]
			if got := c.State.String() + sign + c.Left(time.Hour).String(); got != want || shift == Activated && sign == " - " {
				t.Errorf("%s: %s: got %s, shift %d", name, step, got, shift)
			}
		}
	}
}

// A packet without a chunk restarts the timer with what it was, and no more.
func TestNoChunk(t *testing.T) {
	tab, n := newTable(1), nat(132, 1)
	n.Timeout = 7 * time.Second
	c := insert(t, tab, n, 0)
	before := c.State
	if s := tab.Track(c, In, 0, packet.NoChunk, time.Minute); s != 0 || c.State != before || c.Left(time.Minute) != 7*time.Second {
		t.Errorf("shift %d, %v, %v left", s, c.State, c.Left(time.Minute))
	}
}

// What assures a template: an established connection, of TCP or SCTP, or a
// datagram from the server.
func TestTrackAssures(t *testing.T) {
	for name, c := range map[string]struct {
		proto uint8
		d     Dir
		flags packet.TCPFlags
		chunk packet.Chunk
		want  State
	}{
		"syn":         {packet.ProtoTCP, In, packet.SYN, 0, None},
		"ack":         {packet.ProtoTCP, In, packet.ACK, 0, Assured},
		"init":        {packet.ProtoSCTP, In, 0, packet.ChunkInit, None},
		"cookie-ack":  {packet.ProtoSCTP, Out, 0, packet.ChunkCookieAck, Assured},
		"question":    {packet.ProtoUDP, In, 0, 0, None},
		"answer":      {packet.ProtoUDP, Out, 0, 0, Assured},
		"cookie-echo": {packet.ProtoSCTP, Out, 0, packet.ChunkCookieEcho, None},
	} {
		tab, n := newTable(2), nat(c.proto, 0)
		n.Flags = Template
		parent, kid := insert(t, tab, n, 0), insert(t, tab, nat(c.proto, 1), 0)
		tab.Adopt(parent, kid)
		tab.Track(kid, c.d, c.flags, c.chunk, 0)
		if parent.State != c.want {
			t.Errorf("%s: %v", name, parent.State)
		}
	}
}

// Whom an INIT renews, with conn_reuse_mode 1, as Linux 6.1.176 showed it: after
// each life one more INIT came, and the server was chosen anew, or was not.
func TestReusableSCTP(t *testing.T) {
	for life, want := range map[string]bool{
		"in INIT, in ABORT": true, "in INIT, out COOKIE-ACK, in ABORT": true,
		"in INIT": false, "in INIT, out ABORT": false, "in INIT, out COOKIE-ACK": false, "in INIT, out INIT-ACK": false,
		"in INIT, out COOKIE-ACK, in SHUTDOWN": false, "in INIT, out COOKIE-ACK, in SHUTDOWN, out SHUTDOWN-ACK": false,
	} {
		tab := newTable(1)
		c := insert(t, tab, nat(132, 1), 0)
		for step := range strings.SplitSeq(life, ", ") {
			d, word, _ := strings.Cut(step, " ")
			tab.Track(c, directions[d], 0, chunk(t, word), 0)
		}
		if c.Reusable(1) != want || c.Reusable(0) {
			t.Errorf("%s: %v", life, c.State)
		}
	}
}
