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

// A machine is how connections of a protocol move, as far as a recording from
// the IPVS of a real kernel says it: see testdata/record.go.
type machine struct {
	file   string
	proto  uint8
	events uint8
	event  func(t *testing.T, word string) uint8               // what a word of the recording is
	opens  func(event uint8) bool                              // whether it can be the first one
	move   func(c *Conn, d Dir, event uint8) State             // where it leads
	track  func(tab *Table, c *Conn, d Dir, event uint8) Shift // the same, with all that follows
}

func TestKernelTCP(t *testing.T) {
	m := tcpMachine("testdata/kernel.txt", false)
	m.examine(t)
}

func TestKernelSecure(t *testing.T) {
	m := tcpMachine("testdata/secure.txt", true)
	m.examine(t)
}

func TestKernelSCTP(t *testing.T) {
	m := machine{file: "testdata/sctp.txt", proto: packet.ProtoSCTP, events: uint8(packet.Chunks)}
	m.event = func(t *testing.T, word string) uint8 { return uint8(chunk(t, word)) }
	m.opens = func(e uint8) bool { return packet.Chunk(e) != packet.NoChunk && packet.Chunk(e) != packet.ChunkAbort }
	m.move = func(c *Conn, d Dir, e uint8) State {
		if packet.Chunk(e) == packet.NoChunk {
			return c.State
		}
		return c.sctp(d, packet.Chunk(e))
	}
	m.track = func(tab *Table, c *Conn, d Dir, e uint8) Shift { return tab.Track(c, d, 0, packet.Chunk(e), 0) }
	m.examine(t)
}

// segments are flags for each event of TCP.
var segments = [...]packet.TCPFlags{rst: packet.RST, syn: packet.SYN, fin: packet.FIN, ack: packet.ACK, nothing: packet.PSH}

func tcpMachine(file string, secure bool) machine {
	tab := newTable(1)
	tab.SetSecure(secure)
	m := machine{file: file, proto: packet.ProtoTCP, events: uint8(len(segments))}
	m.event = func(t *testing.T, word string) uint8 {
		_, flags := segment(t, "in "+word)
		return uint8(eventOf(flags))
	}
	m.opens = func(e uint8) bool { return event(e) == syn }
	m.move = func(c *Conn, d Dir, e uint8) State { return c.tcp(tab.rules, d, segments[e]) }
	m.track = func(tab *Table, c *Conn, d Dir, e uint8) Shift {
		tab.SetSecure(secure)
		return tab.Track(c, d, segments[e], 0, 0)
	}
	return m
}

// chunk is the first chunk of a packet with those of the word: "COOKIE-ACK+ABORT".
func chunk(t *testing.T, word string) packet.Chunk {
	t.Helper()
	var p packet.Packet
	words := strings.ReplaceAll(strings.TrimPrefix(word, "-"), "+", " ")
	if err := p.FromText("198.51.100.7:1 > 192.0.2.1:9 sctp " + words); err != nil {
		t.Fatal(err)
	}
	return p.Chunk
}

func (m *machine) examine(t *testing.T) {
	b, err := os.ReadFile(m.file)
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
		m.relive(t, words[0], words[1:], seen)
	}
	for c := range m.reachable() {
		if !seen[c] {
			t.Errorf("the recording never shows what event %d in %v leads to, in table %q", c.event, c.state, c.table)
		}
	}
}

// relive carries out the steps of one connection: the packet's direction and
// what it is; then what the kernel showed: state, seconds left, + if active.
func (m *machine) relive(t *testing.T, mode string, words []string, seen map[cell]bool) {
	tab, n := newTable(1), nat(m.proto, 1)
	if mode == "direct" {
		n = direct(m.proto, 1)
	}
	c := insert(t, tab, n, 0)
	c.State = None
	for i := 0; i+5 <= len(words); i += 5 {
		d, e, was := directions[words[i]], m.event(t, words[i+1]), c.State
		seen[cellOf(c, d, e)] = true
		m.track(tab, c, d, e)
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

var directions = map[string]Dir{"in": In, "out": Out}

// A cell is a place in the tables of a protocol.
type cell struct {
	table byte // i, o, or 1 for input only
	event uint8
	state State
}

func cellOf(c *Conn, d Dir, e uint8) cell {
	table := byte('i')
	if d == Out {
		table = 'o'
	} else if c.Flags&NoOutput != 0 {
		table = '1'
	}
	return cell{table, e, c.State}
}

// reachable are the cells that a connection can come to.
func (m *machine) reachable() map[cell]bool {
	cells := map[cell]bool{}
	var walk func(Conn)
	walk = func(at Conn) {
		for e := range m.events {
			for _, d := range []Dir{In, Out} {
				if at.State == None && (d == Out || !m.opens(e)) {
					continue
				}
				c, place := at, cellOf(&at, d, e)
				if known := cells[place]; known && (d == In || at.Flags&NoOutput == 0) {
					continue
				}
				cells[place] = true
				if c.State = m.move(&c, d, e); c.State != at.State || c.Flags != at.Flags {
					walk(c)
				}
			}
		}
	}
	for _, f := range []Flags{0, NoOutput} {
		walk(Conn{Proto: m.proto, Flags: f | Inactive | hashed})
	}
	return cells
}
