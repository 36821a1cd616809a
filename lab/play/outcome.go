// SPDX-License-Identifier: Apache-2.0

package play

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/ulvs/ulvs/packet"
)

// An outcome is what one event of a script led to.
type outcome struct {
	command *command // nil: it was none
	answer  Answer   // of a command
	came    []byte   // the packet, if it was one
	effect  Effect   // of that packet, or of time
}

// agrees reports whether x, which is the truth, says the same as y, ours.
func (x outcome) agrees(y outcome) bool {
	if x.command != nil {
		return x.answer.agrees(y.answer, x.command)
	}
	if y.effect.Counts[passed] > 0 {
		return y.effect.none() && x.effect.hosts(x.came)
	}
	for port := range x.effect.Left {
		if !slices.EqualFunc(x.effect.Left[port], y.effect.Left[port], sameFrame) {
			return false
		}
	}
	return true
}

func (a Answer) agrees(b Answer, c *command) bool {
	switch {
	case a.Code != b.Code || strings.TrimSpace(a.Err) != strings.TrimSpace(b.Err) && strings.HasPrefix(c.args[0], "ipvsadm"):
		return false
	case c.conns():
		return sameConns(a.Out, b.Out, 0)
	}
	return sameLines(a.Out, b.Out)
}

// sameFrame compares frames to the last byte, but for what a host that answers
// may choose as it likes: the number of its IP packet.
func sameFrame(a, b []byte) bool {
	return bytes.Equal(a, b) || isAnswer(a) && isAnswer(b) && textOfAnswer(a) == textOfAnswer(b)
}

// isAnswer reports whether a frame is of a kind that a director makes itself.
func isAnswer(frame []byte) bool {
	p := parsed(frame)
	return p.Flow.Proto == packet.ProtoICMP || p.Flow.Proto == packet.ProtoICMPv6 || p.Flags&packet.RST != 0
}

func textOfAnswer(frame []byte) string { return withoutID(parsed(frame).Text()) }

// withoutID takes the IP packet's number away; that of a quoted packet stays.
func withoutID(line string) string {
	head, quote, _ := strings.Cut(line, "{")
	inner, tail, _ := strings.Cut(quote, "}")
	drop := func(s string) string {
		words := strings.Fields(s)
		if i := slices.Index(words, "id"); i >= 0 {
			words = slices.Delete(words, i, i+2)
		}
		return strings.Join(words, " ")
	}
	if quote == "" {
		return drop(line)
	}
	return drop(head) + " { " + strings.TrimSpace(inner) + " } " + drop(tail)
}

// hosts reports whether a host that knows nothing of services could have done
// this with a frame: sent it on as it was, or answered it.
func (e Effect) hosts(came []byte) bool {
	to := parsed(came).Flow
	for _, frame := range slices.Concat(e.Left[eth0], e.Left[eth1]) {
		f := parsed(frame).Flow
		back := f.Src.Addr == to.Dst.Addr && f.Dst.Addr == to.Src.Addr || f.Proto != to.Proto && f.Dst.Addr == to.Src.Addr
		if f != to && !back {
			return false
		}
	}
	return true
}

// none reports whether nothing left.
func (e Effect) none() bool { return len(e.Left[eth0])+len(e.Left[eth1]) == 0 }

// String is what left, or what a command said, for people.
func (x outcome) String() string {
	if x.command != nil {
		return fmt.Sprintf("exit code %d %s\n%s", x.answer.Code, strings.TrimSpace(x.answer.Err), x.answer.Out)
	}
	var b strings.Builder
	for port, frames := range x.effect.Left {
		for _, frame := range frames {
			fmt.Fprintln(&b, seen(port, frame))
		}
	}
	if x.effect.none() {
		fmt.Fprintln(&b, "nothing leaves")
	}
	if len(x.effect.Counts) > 0 {
		fmt.Fprintln(&b, "counted:", x.effect.Counts)
	}
	return b.String()
}
