// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
)

// What clients and servers say in a churn.

// open is a client's first word, or one that looks like it.
func (c *churn) open(ctx context.Context) {
	if len(c.services) == 0 {
		c.change(ctx)
		return
	}
	s := pick(c, c.services)
	t := talk{proto: s.proto, client: c.client(s.virtual.Addr().Is4()), virtual: s.virtual}
	if t.virtual.Port() == 0 {
		t.virtual = netip.AddrPortFrom(t.virtual.Addr(), pick(c, []uint16{21, 80, 443}))
	}
	if len(c.talks) > 0 && c.chance(10) {
		c.again(ctx, pick(c, c.talks), "S")
		return
	}
	c.talks = append(c.talks, t)
	c.does(ctx, t.says(c.words(t, "S")))
	if t.proto == "tcp" && c.chance(60) {
		c.does(ctx, t.answers("SA"))
		c.does(ctx, t.says(c.words(t, "A")))
	}
}

// again is what a client says in a conversation. If that ends it, or begins it
// anew, the kernel knows the old connection until its next tick.
func (c *churn) again(ctx context.Context, t talk, flags string) {
	c.does(ctx, t.says(c.words(t, flags)))
	if c.expires || t.proto == "tcp" && strings.Contains(flags, "S") {
		c.do(ctx, "wait 50ms")
	}
}

// client is one of few addresses, with any port.
func (c *churn) client(is4 bool) netip.AddrPort {
	text := pick(c, []string{"198.51.100.%d", "198.51.100.%d", "203.0.113.%d"})
	if !is4 {
		text = "2001:db8:5::%d"
	}
	return netip.AddrPortFrom(netip.MustParseAddr(fmt.Sprintf(text, 1+c.IntN(20))), uint16(1024+c.IntN(60000)))
}

// talk goes on with a conversation, of late or of long ago.
func (c *churn) talk(ctx context.Context) {
	t := pick(c, c.talks)
	if c.chance(70) {
		t = pick(c, c.talks[max(0, len(c.talks)-6):])
	}
	flags := pick(c, []string{"A", "PA", "PA", "FA", "FA", "R", "A", "S", "SA", "RA", "F"})
	switch {
	case c.chance(50):
		c.again(ctx, t, flags)
	default:
		c.does(ctx, t.answers(c.words(t, pick(c, []string{"SA", "A", "PA", "FA", flags}))))
	}
}

// words are flags and all the rest of a packet.
func (c *churn) words(t talk, flags string) string {
	words := ""
	if t.proto == "tcp" {
		words = fmt.Sprintf("%s seq %d ack %d", flags, c.IntN(1<<30), c.IntN(1<<30))
	}
	if c.chance(30) {
		words += fmt.Sprintf(" len %d", 1+c.IntN(99))
	}
	if c.chance(20) {
		words += fmt.Sprintf(" ttl %d", 2+c.IntN(250))
	}
	if c.chance(10) {
		words += fmt.Sprintf(" tos %d", 4*c.IntN(64))
	}
	if c.chance(20) && t.client.Addr().Is4() {
		words += " df"
	}
	return words
}

// misfit is what does not happen every day.
func (c *churn) misfit(ctx context.Context) {
	t := pick(c, c.talks)
	switch c.IntN(6) {
	case 0:
		c.does(ctx, t.says(c.words(t, "A")+" ttl 1"))
	case 1:
		if t.client.Addr().Is4() { // see omissions
			c.does(ctx, t.complains("port-unreachable"))
		}
	case 2:
		c.does(ctx, t.refuses("port-unreachable"))
	case 3: // nobody serves this
		t.virtual = netip.AddrPortFrom(t.virtual.Addr(), 7)
		c.does(ctx, t.says(c.words(t, "S")))
	case 4: // nobody said this before
		t.client = c.client(t.client.Addr().Is4())
		c.does(ctx, t.says(c.words(t, "A")))
	case 5: // a server, out of the blue
		t.client = netip.AddrPortFrom(t.client.Addr(), 9)
		s := "10.0.0.3:8080"
		if !t.client.Addr().Is4() {
			s = "[2001:db8:a::3]:8080"
		}
		c.does(ctx, event{line: fmt.Sprintf("in %s > %v %s %s", s, t.client, t.proto, c.words(t, "SA"))})
	}
}
