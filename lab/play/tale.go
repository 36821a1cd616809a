// SPDX-License-Identifier: Apache-2.0

package play

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ulvs/ulvs/packet"
)

// A tale is what happened in a duel, as a lesson that claims what the truth did.
type tale struct {
	lines  []string
	events int
	begin  int // of the last event, in lines
}

// last is the last event, as it was put to both.
func (t *tale) last() string {
	said := slices.DeleteFunc(slices.Clone(t.lines[t.begin:]), func(l string) bool { return !strings.HasPrefix(l, "  <") })
	return strings.Join(append(t.lines[t.begin:t.begin+1:t.begin+1], said...), "\n")
}

// add tells of one event: x is what the truth did, y what ours did.
func (t *tale) add(line string, x, y outcome) {
	t.events++
	t.begin = len(t.lines)
	if x.command != nil {
		t.addCommand(line, x, y)
		return
	}
	t.lines = append(t.lines, line)
	if y.effect.Counts[passed] > 0 {
		t.lines = append(t.lines, "pass")
		return
	}
	if x.came != nil && x.effect.none() {
		t.lines = append(t.lines, "silent")
	}
	for _, frames := range x.effect.Left {
		for _, frame := range frames {
			t.lines = append(t.lines, departureOf(frame))
		}
	}
}

func (t *tale) addCommand(line string, x, y outcome) {
	if x.answer.Code != 0 {
		line += fmt.Sprint(" => ", x.answer.Code)
	}
	t.lines = append(t.lines, line)
	if x.command.in != "" {
		for _, l := range lines(x.command.in) {
			t.lines = append(t.lines, "  < "+l)
		}
	}
	if x.answer.Out == "" || x.command.conns() && x.agrees(y) {
		return // another player's connections will be of another age
	}
	for _, l := range lines(x.answer.Out) {
		t.lines = append(t.lines, "  | "+l)
	}
}

// departureOf is the out line that claims a frame.
func departureOf(frame []byte) string {
	p := parsed(frame)
	line := text(p)
	if isAnswer(frame) {
		line = withoutID(line)
	}
	hop, port := way(p.Flow.Dst.Addr.Netip())
	if p.DstMAC() == mac(hop) && p.SrcMAC() == portMAC(port) {
		return "out " + line
	}
	return "out " + line + " via " + hopOf(p)
}

// hopOf is the neighbour that a frame was sent to.
func hopOf(p *packet.Packet) string {
	for _, e := range plan {
		for _, a := range e.neighbours() {
			if mac(a) == p.DstMAC() && a.Is4() == p.Is4() && p.SrcMAC() == portMAC(e.port) {
				return a.String()
			}
		}
	}
	return p.DstMAC().String() // of nobody: the lesson will not be readable, and says why
}

// lesson is the tale with a title.
func (t *tale) lesson(title string) string {
	return "# " + title + "\n" + strings.Join(t.lines, "\n") + "\n"
}
