// SPDX-License-Identifier: Apache-2.0

package play

import (
	"fmt"
	"net/netip"
	"strings"
)

// A script is a lesson without claims: lines that do something. It is played on
// two directors at once, and each is the other's claim.
type script struct {
	name   string
	events []event
}

// An event is a line of a lesson. A packet of a server's cannot know beforehand
// which server it is: the line has the word SERVER in its place.
type event struct {
	line string
	talk talk // whose server SERVER is
}

// A talk is what a client says to a service.
type talk struct {
	proto           string // "tcp"
	client, virtual netip.AddrPort
}

// serverWord stands for the end of the server that a talk was given.
const serverWord = "SERVER"

// A cast knows which server plays in which talk, as far as servers are
// addressed by their own names: in direct routing they are not, and what they
// answer does not come by.
type cast map[talk]netip.AddrPort

// line is what the event says, and false if it has lost its meaning: no such
// server is known, since an earlier event was taken away.
func (c cast) line(e event) (string, bool) {
	if !strings.Contains(e.line, serverWord) {
		return e.line, true
	}
	server, ok := c[e.talk]
	if !ok {
		return "", false
	}
	line := strings.ReplaceAll(e.line, "ADDR-OF-"+serverWord, server.Addr().String())
	return strings.ReplaceAll(line, serverWord, server.String()), true
}

// note learns from what left for the servers because a client said something.
func (c cast) note(t talk, e Effect) {
	for _, frame := range e.Left[eth1] {
		p := parsed(frame)
		if p.Flow.Src.AddrPort() == t.client && p.Flow.Dst.AddrPort() != t.virtual {
			c[t] = p.Flow.Dst.AddrPort()
		}
	}
}

// says is a packet from a client.
func (t talk) says(what string) event {
	return event{fmt.Sprintf("in %v > %v %s %s", t.client, t.virtual, t.proto, what), t}
}

// answers is a packet from its server.
func (t talk) answers(what string) event {
	return event{fmt.Sprintf("in %s > %v %s %s", serverWord, t.client, t.proto, what), t}
}

// complains is an ICMP error of the server's about what the client said.
func (t talk) complains(kind string) event {
	return event{fmt.Sprintf("in ADDR-OF-%s > %v %s %s { %v > %s %s }",
		serverWord, t.client.Addr(), t.icmp(), kind, t.client, serverWord, t.proto), t}
}

// refuses is an ICMP error of the client's about what the server said.
func (t talk) refuses(kind string) event {
	return event{fmt.Sprintf("in %v > %v %s %s { %v > %v %s }",
		t.client.Addr(), t.virtual.Addr(), t.icmp(), kind, t.virtual, t.client, t.proto), t}
}

func (t talk) icmp() string {
	if t.client.Addr().Is4() {
		return "icmp"
	}
	return "icmp6"
}
