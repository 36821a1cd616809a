// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// recordedDefence are the lines of testdata/defend.txt that begin with a word.
func recordedDefence(t *testing.T, word string) (lines [][]string) {
	b, err := os.ReadFile("testdata/defend.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 0 && f[0] == word {
			lines = append(lines, f[1:])
		}
	}
	if len(lines) == 0 {
		t.Fatalf("no line %q in the recording", word)
	}
	return lines
}

func number(t *testing.T, word string) int {
	n, err := strconv.Atoi(word)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// What drop_packet of a kernel dropped: the level as it was shown, the rate, and
// x for each that was dropped.
func TestKernelSieve(t *testing.T) {
	for _, f := range recordedDefence(t, "packet") {
		level, rate, want := number(t, f[0]), number(t, f[1]), f[2]
		var s Sieve
		free, enough := 100, 100
		if level == 2 {
			free = enough - enough/rate
		}
		if next := s.Adjust(level, rate, free, enough); next != level {
			t.Errorf("level %d became %d", level, next)
		}
		if got := sieved(&s, len(want)); got != want {
			t.Errorf("level %d, rate %d: %s, the kernel %s", level, rate, got, want)
		}
	}
}

// What drop_entry of a kernel left of crowds of connections: their state and
// what each had said, how many they were, and how many were left after so many
// seconds. Chance decides, so ours is played many times, and the kernel's game
// must lie among those.
func TestKernelDefence(t *testing.T) {
	const games = 30
	lines := recordedDefence(t, "entry") // seconds, state, packets, how many, how many left
	left := make([]float64, len(lines))
	for seed := range uint64(games) {
		for i, n := range besiege(t, seed, lines) {
			left[i] += float64(n) / games
		}
	}
	for i, f := range lines {
		all, kernel := float64(number(t, f[3])), float64(number(t, f[4]))
		spread := math.Sqrt(left[i] * (all - left[i]) / all)
		if math.Abs(kernel-left[i]) > 4*spread+0.5 {
			t.Errorf("%v: ours leaves %.1f, give or take %.1f", f, left[i], spread)
		}
	}
}

// besiege plays one game, and returns for each line how many are left.
func besiege(t *testing.T, seed uint64, lines [][]string) (left []int) {
	tab, now := newTable(4000), time.Duration(0)
	d := NewDefence(rand.New(rand.NewPCG(seed, 0)), func(uint32) bool { return false })
	for crowd, f := range lines {
		if f[0] == lines[0][0] {
			gather(t, tab, crowd, f)
		}
	}
	crowds := 0
	for _, f := range lines {
		for ; now < time.Duration(number(t, f[0]))*time.Second; now += time.Second {
			crowds = 0
			d.Sweep(tab, now)
			tab.Expire(now, ignore)
		}
		left = append(left, count(tab, crowds, f))
		crowds++
	}
	return left
}

// gather makes a crowd; its connections know it by their owner.
func gather(t *testing.T, tab *Table, crowd int, f []string) {
	for i := range number(t, f[3]) {
		proto, s := stateOf(t, f[1], f[2])
		n := nat(proto, uint16(i+1))
		n.Owner = uint32(crowd)
		c := insert(t, tab, n, 0)
		c.InPkts = uint8(number(t, f[2]))
		if f[1] == "PARENT" {
			n.Flags, n.Timeout = Template, 10*time.Minute
			tab.Adopt(insert(t, tab, n, 0), c)
		}
		tab.settle(c, s, 0)
	}
}

// stateOf is the state that a crowd is named after; parents are named after
// what their child has said.
func stateOf(t *testing.T, name, said string) (proto uint8, s State) {
	if name == "PARENT" {
		return packet.ProtoTCP, map[string]State{"1": SynRecv, "2": Established}[said]
	}
	sctp, isSCTP := strings.CutPrefix(name, "SCTP_")
	for s := range numStates {
		switch {
		case s == UDP && name == "UDP":
			return packet.ProtoUDP, s
		case isSCTP && s >= SCTPInit1 && s.String() == sctp:
			return packet.ProtoSCTP, s
		case !isSCTP && s < UDP && s.String() == name:
			return packet.ProtoTCP, s
		}
	}
	t.Fatalf("no state %s", name)
	return 0, 0
}

// count is how many of a crowd are left; of parents, not of their children.
func count(tab *Table, crowd int, f []string) (n int) {
	for c := range tab.All() {
		if c.Owner == uint32(crowd) && (c.Flags&Template != 0) == (f[1] == "PARENT") {
			n++
		}
	}
	return n
}
