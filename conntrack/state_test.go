// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"strings"
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// segment reads "in SA": the direction and the flags.
func segment(t *testing.T, words string) (Dir, packet.TCPFlags) {
	t.Helper()
	d, letters, _ := strings.Cut(words, " ")
	var flags packet.TCPFlags
	for _, l := range letters {
		flags |= map[rune]packet.TCPFlags{
			'F': packet.FIN, 'S': packet.SYN, 'R': packet.RST, 'A': packet.ACK, 'P': packet.PSH, '-': 0,
		}[l]
	}
	return map[string]Dir{"in": In, "out": Out}[d], flags
}

// Lives of connections, as the kernel's rules have them: after each segment the
// state, and whether it counts as active.
func TestLives(t *testing.T) {
	for name, life := range map[string]struct {
		new   New
		steps []string // "segment: STATE active"
	}{
		"nat": {nat(6, 1), []string{
			"in S: SYN_RECV +", "out SA: SYN_RECV +", "in A: ESTABLISHED +",
			"in FA: CLOSE_WAIT -", "out FA: TIME_WAIT -", "in A: TIME_WAIT -"}},
		"nat, the server ends it": {nat(6, 1), []string{
			"in S: SYN_RECV +", "in A: ESTABLISHED +", "out FA: FIN_WAIT -", "in FA: TIME_WAIT -"}},
		"direct": {direct(6, 1), []string{
			"in S: SYN_RECV +", "in A: ESTABLISHED +", "in FA: FIN_WAIT -"}},
		"direct, but a reply comes by": {direct(6, 1), []string{
			"in S: SYN_RECV +", "out SA: SYN_RECV +", "in A: ESTABLISHED +", "in FA: CLOSE_WAIT -"}},
		"forged reset": {nat(6, 1), []string{
			"in S: SYN_RECV +", "in R: SYN_RECV +", "out R: CLOSE -"}},
		"reset": {nat(6, 1), []string{
			"in S: SYN_RECV +", "in A: ESTABLISHED +", "in RA: CLOSE -", "in S: SYN_RECV +"}},
		"a segment without any flag that counts": {nat(6, 1), []string{
			"in S: SYN_RECV +", "in P: CLOSE -", "in A: CLOSE -"}},
		"SYN and FIN is a SYN": {nat(6, 1), []string{"in SF: SYN_RECV +"}},
		"SYN and RST is a RST": {nat(6, 1), []string{"in SR: CLOSE -"}},
		"in the middle":        {nat(6, 1), []string{"in A: ESTABLISHED +"}},
		"SYN in CLOSE_WAIT": {nat(6, 1), []string{
			"in A: ESTABLISHED +", "in F: CLOSE_WAIT -", "in S: SYN_RECV +"}},
		"udp": {nat(17, 1), []string{"in -: UDP -", "out -: UDP -"}},
	} {
		tab := newTable(1)
		c, active := insert(t, tab, life.new, 0), false
		for _, step := range life.steps {
			words, want, _ := strings.Cut(step, ": ")
			dir, flags := segment(t, words)
			switch tab.Track(c, dir, flags, 0, 0) {
			case Activated:
				active = true
			case Deactivated:
				active = false
			}
			got := c.State.String() + map[bool]string{true: " +", false: " -"}[active]
			if got != want || active != (c.Flags&Inactive == 0) {
				t.Errorf("%s: %s: got %s, flags %#x", name, step, got, c.Flags)
			}
		}
	}
}

// A shift is told once, not with every packet.
func TestShiftOnce(t *testing.T) {
	tab := newTable(1)
	c := insert(t, tab, nat(6, 1), 0)
	for i, want := range []Shift{Activated, 0, 0} {
		if got := tab.Track(c, In, packet.SYN, 0, 0); got != want {
			t.Errorf("SYN %d: shift %d, want %d", i+1, got, want)
		}
	}
}

// The timeouts in seconds, as /proc/net/ip_vs_conn of a 6.1 kernel shows them
// after a segment.
func TestTimeoutOfState(t *testing.T) {
	for want, segments := range map[time.Duration][]string{
		60:  {"in S"},
		900: {"in S", "in A"},
		10:  {"in S", "in A", "in R"},
		120: {"in S", "in A", "out F"},
		300: nil,
	} {
		tab, n := newTable(1), nat(6, 1)
		if segments == nil {
			n, segments = nat(17, 1), []string{"in -"}
		}
		c := insert(t, tab, n, 0)
		for _, s := range segments {
			dir, flags := segment(t, s)
			tab.Track(c, dir, flags, 0, time.Minute)
		}
		if got := c.Left(time.Minute); got != want*time.Second {
			t.Errorf("after %v: %v, want %d s", segments, got, want)
		}
	}
}

// New timeouts act with the next packet, not before.
func TestSetTimeouts(t *testing.T) {
	tab := newTable(1)
	c := insert(t, tab, nat(17, 1), 0)
	tab.Track(c, In, 0, 0, 0)
	to := tab.Timeouts()
	to[UDP] = time.Second
	tab.SetTimeouts(to)
	if c.Left(0) != 300*time.Second {
		t.Errorf("%v left before a packet came", c.Left(0))
	}
	tab.Track(c, Out, 0, 0, 0)
	if c.Left(0) != time.Second {
		t.Errorf("%v left after it", c.Left(0))
	}
	if tab.Expire(time.Second, ignore) != 1 {
		t.Error("it lives on")
	}
}

func TestReusable(t *testing.T) {
	always := map[State]bool{TimeWait: true, Close: true, SCTPClosed: true}
	for s := range numStates {
		for mode := range 4 {
			for _, flags := range []Flags{0, NoOutput} {
				c := Conn{Proto: packet.ProtoTCP, State: s, Flags: flags}
				want := mode != 0 && always[s] || mode >= 2 && s == FinWait && flags == NoOutput
				if c.Reusable(mode) != want {
					t.Errorf("%v, flags %#x, mode %d: want %v", s, flags, mode, want)
				}
			}
		}
	}
	if c := (Conn{Proto: packet.ProtoUDP, State: Close}); c.Reusable(1) {
		t.Error("a datagram renews a connection")
	}
}

func TestStateNames(t *testing.T) {
	for s := range numStates {
		if s.String() == "" {
			t.Errorf("state %d has no name", s)
		}
	}
	if SynAck.String() != "SYNACK" || numStates.String() != "ERR!" {
		t.Errorf("%v, %v", SynAck, numStates)
	}
}
