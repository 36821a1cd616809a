// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// What an administrator does in a churn.

// change changes something about the services.
func (c *churn) change(ctx context.Context) {
	for range 1 + c.IntN(5) {
		c.changeOne(ctx)
	}
}

func (c *churn) changeOne(ctx context.Context) {
	if len(c.services) == 0 {
		c.addService(ctx)
		return
	}
	s := pick(c, c.services)
	switch n := c.IntN(100); {
	case n < 30:
		server := c.server(s)
		c.do(ctx, "ipvsadm -e %s -r %s %s", s.words(), server, c.serverWords(s, server))
	case n < 55:
		c.addServer(ctx, s)
	case n < 75:
		server := c.server(s)
		c.do(ctx, "ipvsadm -d %s -r %s", s.words(), server)
		s.servers = slices.DeleteFunc(s.servers, func(a string) bool { return a == server })
	case n < 85:
		c.do(ctx, "ipvsadm -E %s %s", s.words(), c.serviceWords(s))
	case n < 91:
		c.addService(ctx)
	case n < 95:
		c.do(ctx, "ipvsadm -D %s", s.words())
		c.gone[s.words()] = true
		c.services = slices.DeleteFunc(c.services, func(o *service) bool { return o == s })
	case n < 97 && c.has.waits:
		c.do(ctx, "wait 3s") // the kernel zeroes what its last tick has seen
		c.do(ctx, "ipvsadm -Z %s", s.words())
	case n < 98:
		c.do(ctx, "ipvsadm -C")
		for _, s := range c.services {
			c.gone[s.words()] = true
		}
		c.services = nil
	default:
		c.do(ctx, "ipvsadm -A %s %s", s.words(), c.serviceWords(s)) // it exists
	}
}

// words name the service.
func (s *service) words() string {
	return fmt.Sprintf("-%s %v", s.proto[:1], s.virtual)
}

// addService adds one, with two to five servers.
func (c *churn) addService(ctx context.Context) {
	text := "192.0.2.%d"
	if c.chance(15) {
		text = "2001:db8::%d"
	}
	s := &service{
		proto:   pick(c, []string{"tcp", "tcp", "udp"}),
		virtual: netip.AddrPortFrom(netip.MustParseAddr(fmt.Sprintf(text, 1+c.IntN(3))), pick(c, []uint16{80, 443, 53})),
	}
	if c.gone[s.words()] { // it begins to count from what the last tick has seen of its servers
		if !c.has.waits {
			return // see omissions
		}
		c.do(ctx, "wait 3s")
		delete(c.gone, s.words())
	}
	c.do(ctx, "ipvsadm -A %s %s", s.words(), c.serviceWords(s))
	c.services = append(slices.DeleteFunc(c.services, func(o *service) bool { return o.words() == s.words() }), s)
	for range 2 + c.IntN(4) {
		c.addServer(ctx, s)
	}
}

// serviceWords are the options of a service.
func (c *churn) serviceWords(s *service) string {
	words := "-s " + pick(c, c.has.schedulers)
	if name := words[3:]; c.has.schedulerFlags && (name == "sh" || name == "mh") && c.chance(60) {
		words += " -b " + pick(c, []string{name + "-port", name + "-fallback", name + "-fallback," + name + "-port"})
	}
	if c.has.persistence && c.chance(25) {
		words += fmt.Sprintf(" -p %d", 60+c.IntN(300))
		if c.chance(40) && s.virtual.Addr().Is4() {
			words += " -M " + pick(c, []string{"255.255.255.0", "255.255.255.240"})
		}
	}
	if c.has.onePacket && s.proto == "udp" && c.chance(20) {
		words += " -o"
	}
	return words
}

func (c *churn) addServer(ctx context.Context, s *service) {
	text := "10.0.0.%d"
	if s.virtual.Addr().Is6() {
		text = "2001:db8:a::%d"
	}
	a := netip.AddrPortFrom(netip.MustParseAddr(fmt.Sprintf(text, 1+c.IntN(servers))), s.virtual.Port())
	if c.chance(30) {
		a = netip.AddrPortFrom(a.Addr(), 8080)
	}
	c.do(ctx, "ipvsadm -a %s -r %v %s", s.words(), a, c.serverWords(s, a.String()))
	if !slices.Contains(s.servers, a.String()) {
		s.servers = append(s.servers, a.String())
	}
}

// server is one of the service's, or one that it has not.
func (c *churn) server(s *service) string {
	if len(s.servers) > 0 && c.chance(95) {
		return pick(c, s.servers)
	}
	if s.virtual.Addr().Is6() {
		return "[2001:db8:a::9]:99"
	}
	return "10.0.0.9:99"
}

// serverWords are the options of a server.
func (c *churn) serverWords(s *service, server string) string {
	words := []string{c.mode(s, server)}
	switch n := c.IntN(100); {
	case n < 15:
		words = append(words, "-w 0")
	case n < 80:
		words = append(words, fmt.Sprint("-w ", 1+c.IntN(9)))
	case n < 85:
		words = append(words, fmt.Sprint("-w ", 1+c.IntN(65535)))
	}
	if c.has.thresholds && c.chance(15) {
		words = append(words, fmt.Sprint("-x ", 1+c.IntN(8)))
		if c.chance(50) {
			words = append(words, fmt.Sprint("-y ", c.IntN(5)))
		}
	}
	return strings.Join(words, " ")
}

// mode is how packets get to a server; see omissions. With -g its port is the
// service's, whatever the command says.
func (c *churn) mode(s *service, server string) string {
	key := s.words() + " " + netip.MustParseAddrPort(server).Addr().String()
	if c.modes[key] == "" {
		c.modes[key] = pick(c, []string{"-m", "-m", "-g"})
	}
	return c.modes[key]
}
