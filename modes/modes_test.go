// SPDX-License-Identifier: Apache-2.0

package modes

import (
	"net/netip"
	"os"
	"strings"
	"testing"

	"github.com/ulvs/ulvs/packet"
)

var corners = map[string]string{Client: "198.51.100.7:1234", Virtual: "192.0.2.1:80", Local: "10.0.0.200:5678", Server: "10.0.0.1:8080"}

func (e Ends) line() string { return corners[e.From] + " > " + corners[e.To] + " tcp A" }

// TestTable wants of each mode's functions what the table says of them.
func TestTable(t *testing.T) {
	end := func(role string) packet.Endpoint { return packet.EndpointFrom(netip.MustParseAddrPort(corners[role])) }
	path := packet.Path{Client: end(Client), Virtual: end(Virtual), Local: end(Local), Server: end(Server)}
	for i := range All {
		m := &All[i]
		for _, c := range []struct {
			name     string
			do       Func
			from, to Ends
		}{{"in", m.In, Ends{Client, Virtual}, m.Asks}, {"out", m.Out, m.Answers, Ends{Virtual, Client}}} {
			if c.do == nil {
				continue // the wrapper's own tests tell
			}
			var p packet.Packet
			if err := p.FromText(c.from.line()); err != nil {
				t.Fatal(err)
			}
			if why := c.do(&p, &packet.Ctx{Path: path}); why != packet.None || p.Text() != c.to.line() {
				t.Errorf("%s, %s: %s, %v; want %s", m.Name, c.name, p.Text(), why, c.to.line())
			}
			if hop := end(Server).Addr; c.name == "in" && p.Hop != hop {
				t.Errorf("%s: the next hop is %v, want the server", m.Name, p.Hop)
			}
		}
	}
}

// TestClaims wants what is said twice of a mode to agree.
func TestClaims(t *testing.T) {
	names := map[string]bool{}
	for i, m := range All {
		switch {
		case m.SeesBack != (m.Answers.From == Server):
			t.Errorf("%s: replies are from %s, and translated: %v", m.Name, m.Answers.From, m.SeesBack)
		case m.Local != (m.Asks.From == Local):
			t.Errorf("%s: requests are from %s, and need a local end: %v", m.Name, m.Asks.From, m.Local)
		case m.Asks.From != m.Answers.To || m.Asks.To != m.Answers.From:
			t.Errorf("%s: asked %v, the server answers %v", m.Name, m.Asks, m.Answers)
		case m.OnLink && (m.Wraps() || m.Asks.To == Server):
			t.Errorf("%s: a router would know the way to the server", m.Name)
		}
		for _, name := range []string{m.Name, m.Shown, m.Flag} {
			if names[name] || name == "" {
				t.Errorf("mode %d is called %q", i, name)
			}
			names[name] = true
		}
		if j, ok := Index(m.Name); !ok || int(j) != i {
			t.Errorf("Index(%q) is %d, %v", m.Name, j, ok)
		}
	}
	if _, ok := Index("none"); ok {
		t.Error("there is a mode none")
	}
}

// TestDocumented wants the table in the documents as it is here.
func TestDocumented(t *testing.T) {
	text, err := os.ReadFile("../docs/modes.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), Table()) {
		t.Errorf("docs/modes.md does not have this table:\n%s", Table())
	}
}
