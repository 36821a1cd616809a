// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"bytes"
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/ulvs/ulvs"
)

// shelf is a director that remembers services and servers, as they were asked
// for.
type shelf struct {
	kernel
	rows []ulvs.ServiceStatus
}

func (s *shelf) Do(_ context.Context, c ulvs.Command) error {
	switch c.Verb {
	case ulvs.AddService:
		s.rows = append(s.rows, ulvs.ServiceStatus{Service: c.Service})
	case ulvs.AddServer:
		last := &s.rows[len(s.rows)-1]
		last.Servers = append(last.Servers, ulvs.ServerStatus{Server: c.Server})
	}
	return nil
}

// TestFullNAT: the mode and its addresses are read, listed, and written as they
// are read.
func TestFullNAT(t *testing.T) {
	lines := "-A -t 192.0.2.1:80 -s rr --local-address 10.0.0.7,10.0.0.20-10.0.0.29\n" +
		"-a -t 192.0.2.1:80 -r 10.0.0.1:8080 --fullnat -w 1\n"
	var s shelf
	for line := range strings.Lines(lines) {
		l, err := Parse(strings.Fields(line))
		if err != nil {
			t.Fatal(err)
		}
		_ = s.Do(t.Context(), l.Command)
	}
	if got := s.rows[0]; got.Locals != "10.0.0.7,10.0.0.20-10.0.0.29" || got.Servers[0].Mode != "fullnat" ||
		got.Servers[0].Addr != netip.MustParseAddrPort("10.0.0.1:8080") {
		t.Errorf("read as %+v", got)
	}
	if got := strings.Join(Names{}.save(s.rows[0]), "\n") + "\n"; got != lines {
		t.Errorf("saved as\n%swant\n%s", got, lines)
	}
	var out bytes.Buffer
	table{out: &out}.service(s.rows[0])
	const want = `TCP  192.0.2.1:80 rr local 10.0.0.7,10.0.0.20-10.0.0.29
  -> 10.0.0.1:8080                FullNat 1      0          0         
`
	if out.String() != want {
		t.Errorf("listed as\n%swant\n%s", &out, want)
	}
}

func TestWrongFullNAT(t *testing.T) {
	for line, want := range map[string]string{
		"-A -t 192.0.2.1:80 --local-address 10.0.0":                     "illegal local-address `10.0.0' specified",
		"-A -t 192.0.2.1:80 --local-address=":                           "illegal local-address `' specified",
		"-A -t 192.0.2.1:80 --local-address":                            "missing argument",
		"-A -t 192.0.2.1:80 --fullnat":                                  "Illegal 'forwarding-method' option with the 'add-service' command",
		"-a -t 192.0.2.1:80 -r 10.0.0.1 --fullnat -m":                   "multiple 'forwarding-method' options specified",
		"-a -t 192.0.2.1:80 -r 10.0.0.1 --local-address 10.0.0.7":       "Illegal 'local-address' option with the 'add-server' command",
		"-a -t 192.0.2.1:80 -r fd00::1 --fullnat":                       "Different address family is allowed only for tunneling servers",
		"-a -t 192.0.2.1:80 -r 10.0.0.1 --fullnat --tun-type gre":       "Tunnel options conflict with forward method",
		"-A -t 192.0.2.1:80 --local-address 1.2.3.4 --local-address ::": "multiple 'local-address' options specified",
	} {
		if _, err := Parse(strings.Fields(line)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}
