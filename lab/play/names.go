// SPDX-License-Identifier: Apache-2.0

package play

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// A named is an in or out line in which ports have names: it can be read when
// they are known.
type named struct{ line string }

var portName = regexp.MustCompile(`(\S+):\$(\w+)`)

// readNamed sees to it that the line can be read, whatever the ports turn out to
// be.
func readNamed(line string) (act, error) {
	if !strings.HasPrefix(line, "in ") && !strings.HasPrefix(line, "out ") {
		return nil, errors.New("names for ports stand in in and out lines only")
	}
	_, err := readFilled(portName.ReplaceAllString(line, "$1:1"))
	return &named{line}, err
}

// readFilled reads a line without names.
func readFilled(line string) (act, error) {
	word, _, _ := strings.Cut(line, " ")
	return verbs[word](line)
}

func (n *named) play(p *player) error {
	if strings.HasPrefix(n.line, "out ") {
		if err := n.learn(p); err != nil {
			return err
		}
	}
	line := portName.ReplaceAllStringFunc(n.line, func(end string) string {
		addr, name, _ := strings.Cut(end, ":$")
		if port := p.names[name]; port != "" {
			return addr + ":" + port
		}
		return end
	})
	a, err := readFilled(line)
	if err != nil {
		return fmt.Errorf("  no out line has told a port yet: %w", err)
	}
	return a.play(p)
}

// learn finds out the ports that an out line is the first to name, from what is
// the next to leave.
func (n *named) learn(p *player) error {
	a, err := readFilled(portName.ReplaceAllString(n.line, "$1:1"))
	if err != nil {
		return err
	}
	d := a.(*departure)
	if len(p.effect.Left[d.port]) == 0 {
		return d.play(p) // which says so
	}
	came := text(parsed(p.effect.Left[d.port][0]))
	for _, m := range portName.FindAllStringSubmatch(n.line, -1) {
		if err := p.name(m[2], portOf(came, m[1])); err != nil {
			return err
		}
	}
	return nil
}

// portOf is the port behind an address in a packet's text; none: "".
func portOf(came, addr string) string {
	m := regexp.MustCompile(`(^|\s)` + regexp.QuoteMeta(addr) + `:(\d+)(\s|$)`).FindStringSubmatch(came)
	if m == nil {
		return ""
	}
	return m[2]
}

// name gives a port a name, if it has none yet.
func (p *player) name(name, port string) error {
	if port == "" || p.names[name] != "" {
		return nil // if it is wrong, the line says so
	}
	for other, known := range p.names {
		if known == port {
			return fmt.Errorf("  wanted: $%s, another port than $%s\n  came:   %s for both", name, other, port)
		}
	}
	p.names[name] = port
	return nil
}
