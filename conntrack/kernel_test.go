// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// TestKernel plays the connections that were followed through the IPVS of a
// real kernel: see testdata/record.go.
func TestKernel(t *testing.T) {
	b, err := os.ReadFile("testdata/kernel.txt")
	if err != nil {
		t.Fatal(err)
	}
	head, lives, _ := strings.Cut(string(b), "\n\n")
	if !strings.Contains(head, "Linux version") {
		t.Errorf("nobody knows which kernel this was: %s", head)
	}
	seen := map[cell]bool{}
	for life := range strings.Lines(lives) {
		words := strings.Fields(life)
		relive(t, words[0], words[1:], seen)
	}
	for _, c := range reachable() {
		if !seen[c] {
			t.Errorf("the recording never shows what event %d in %v leads to, in table %d", c.event, c.state, c.table)
		}
	}
}

// relive carries out the steps of one connection: the segment's direction and
// flags; then what the kernel showed: state, seconds left, + if active.
func relive(t *testing.T, mode string, words []string, seen map[cell]bool) {
	tab, n := newTable(1), nat(packet.ProtoTCP, 1)
	if mode == "direct" {
		n = direct(packet.ProtoTCP, 1)
	}
	c := insert(t, tab, n, 0)
	for i := 0; i+5 <= len(words); i += 5 {
		dir, flags := segment(t, words[i]+" "+words[i+1])
		seen[cellOf(c, dir, flags)] = true
		was := c.State
		tab.Track(c, dir, flags, 0, 0)
		left, err := strconv.Atoi(words[i+3])
		if err != nil {
			t.Fatal(err)
		}
		sign := "+"
		if c.Flags&Inactive != 0 {
			sign = "-"
		}
		late := c.Left(0) - time.Duration(left)*time.Second // the kernel showed it a moment later
		if c.State.String() != words[i+2] || sign != words[i+4] || late < 0 || late > time.Second {
			t.Errorf("%s, %s in %v: the kernel: %s, ours: %v, %v left, %s",
				mode, words[i:i+2], was, words[i+2:i+5], c.State, c.Left(0), sign)
			return
		}
	}
}

// A cell is a place in the tables of tcp.go.
type cell struct {
	table byte // i, o, or 1 for input only
	event event
	state State
}

func cellOf(c *Conn, d Dir, flags packet.TCPFlags) cell {
	table := byte('i')
	if d == Out {
		table = 'o'
	} else if c.Flags&NoOutput != 0 {
		table = '1'
	}
	return cell{table, eventOf(flags), c.State}
}

// reachable are the cells that a connection which begins with a SYN can come
// to. No segment leads to LAST_ACK, LISTEN or SYNACK while the tables for
// attacks (secure_tcp) are not in force.
func reachable() (all []cell) {
	for e := range numEvents + 1 {
		for _, s := range []State{Established, SynSent, SynRecv, FinWait, TimeWait, Close, CloseWait} {
			all = append(all, cell{'i', e, s}, cell{'o', e, s})
			if s != SynSent && s != CloseWait { // those take a reply
				all = append(all, cell{'1', e, s})
			}
		}
	}
	return append(all, cell{'i', syn, None}, cell{'1', syn, None})
}
