// SPDX-License-Identifier: Apache-2.0

package iptables

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ulvs/ulvs"
)

// marks is a director as far as marks go, in the order of their adding.
type marks struct {
	ulvs.Director
	rules []ulvs.MarkRule
}

func (m *marks) Marks(context.Context) ([]ulvs.MarkRule, error) { return slices.Clone(m.rules), nil }

func (m *marks) Do(_ context.Context, c ulvs.Command) error {
	at := slices.Index(m.rules, c.Mark)
	switch {
	case c.Verb == ulvs.FlushMarks:
		m.rules = nil
	case c.Verb == ulvs.AddMark && at >= 0:
		return ulvs.ErrMarkExists
	case c.Verb == ulvs.AddMark:
		m.rules = append(m.rules, c.Mark)
	case at < 0:
		return ulvs.ErrNoMark
	default:
		m.rules = slices.Delete(m.rules, at, at+1)
	}
	return nil
}

func (m *marks) Apply(ctx context.Context, lines iter.Seq[ulvs.Command], report func(int, error) error) error {
	n := 0
	for c := range lines {
		n++
		if err := report(n, m.Do(ctx, c)); err != nil {
			return err
		}
	}
	return nil
}

// types runs a line as a shell would cut it, and gives back all that it said.
func (m *marks) types(line string) (string, int) {
	var said strings.Builder
	words := strings.Fields(line)
	p := Program{words[0], func() (ulvs.Director, error) { return m, nil }, &said, &said}
	code := p.Main(words[1:])
	return said.String(), code
}

const tutorial = "iptables -t mangle -A PREROUTING -d 192.168.0.200 -p tcp -m multiport --dports 80,443 -j MARK --set-mark 6666"

// session is a student's, line by line, each of which the original knows too.
var session = []string{
	"iptables -P INPUT ACCEPT", "iptables -F", "iptables -X", "iptables -Z", "iptables -t nat -F",
	tutorial,
	"iptables -t mangle -A PREROUTING -d 192.168.0.200 -p tcp --dport 80 -j MARK --set-mark 7",
	"iptables -A PREROUTING -t mangle -s 10.0.0.0/8 -p tcp --dport 80:90 -j MARK --set-xmark 7/0xff",
	"iptables -t mangle -A PREROUTING -s 10.0.0.0/8 -p tcp --dport 80:90 -j MARK --set-mark 7/0xf",
	"iptables -t mangle -A PREROUTING -j MARK --set-mark 0",
	"iptables -tmangle -A PREROUTING -p udp -m multiport --dports 53,60:70 -j MARK --set-mark 3/3",
	"iptables -t mangle -I PREROUTING 2 -p sctp -j MARK --set-mark 9",
	"iptables -t mangle -w -I PREROUTING -d 192.168.0.201/255.255.255.0 -p tcp -m tcp --dport 1: -j MARK --set-mark 10",
	"iptables -t mangle -C PREROUTING -p sctp -j MARK --set-mark 9",
	"iptables -t mangle -C PREROUTING -p sctp -j MARK --set-mark 8",
	"iptables -t mangle -S",
	"iptables -t mangle -D PREROUTING 4",
	"iptables -t mangle -D PREROUTING 99",
	"iptables -t mangle -I PREROUTING 99 -p sctp -j MARK --set-mark 8",
	"iptables -t mangle -D PREROUTING -p sctp -j MARK --set-mark 9",
	"iptables -t mangle -D PREROUTING -p sctp -j MARK --set-mark 9",
	"iptables -t mangle -S PREROUTING",
	"iptables -F", "iptables -t mangle -F INPUT",
	"iptables -t mangle -S INPUT", "iptables -S", "iptables -t nat -S", "iptables -t raw -S",
	"iptables -t mangle -A", "iptables", "iptables -t mangle -A PREROUTING -j MARK",
	"iptables -t mangle -F PREROUTING",
	"iptables -t mangle -S",
}

// TestAsTheOriginal types the session to the machine's own iptables, too, in a
// network of its own.
func TestAsTheOriginal(t *testing.T) {
	if _, err := exec.LookPath("iptables"); err != nil {
		t.Skip("needs iptables: apt-get install iptables")
	}
	script := ""
	for _, line := range session {
		script += line + " 2>/dev/null; echo exit $?\n"
	}
	c := exec.Command("sh", "-c", script)
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}
	if uid := os.Getuid(); uid != 0 {
		c.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		c.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: uid, Size: 1}}
	}
	want, err := c.Output()
	if err != nil || !strings.HasPrefix(string(want), "exit 0\n") {
		t.Skipf("the machine's iptables does not work here: %v %.200s", err, want)
	}
	var got strings.Builder
	var m marks
	for _, line := range session {
		said, code := m.types(line)
		if code == 0 {
			got.WriteString(said)
		}
		fmt.Fprintf(&got, "exit %d\n", code)
	}
	compare(t, got.String(), string(want))
}

func compare(t *testing.T, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(g), len(w)) {
		if g[i] != w[i] {
			t.Fatalf("line %d is %q, the original has %q; all:\n%s\nthe original:\n%s", i+1, g[i], w[i], got, want)
		}
	}
	if len(g) != len(w) {
		t.Errorf("%d lines, the original has %d:\n%s\n%s", len(g), len(w), got, want)
	}
}

// Recorded with iptables 1.8.9, -nL --line-numbers; its protocols are numbers
// where older and newer ones have names.
const listing = `Chain PREROUTING (policy ACCEPT)
num  target     prot opt source               destination         
1    MARK       tcp  --  0.0.0.0/0            192.168.0.200        multiport dports 80,443 MARK set 0x1a0a
2    MARK       sctp --  0.0.0.0/0            0.0.0.0/0            MARK set 0x9
3    MARK       tcp  --  0.0.0.0/0            192.168.0.200        tcp dpt:80 MARK set 0x7
4    MARK       tcp  --  10.0.0.0/8           0.0.0.0/0            tcp dpts:80:90 MARK xset 0x7/0xff
5    MARK       tcp  --  10.0.0.0/8           0.0.0.0/0            tcp dpts:80:90 MARK xset 0x7/0xf
6    MARK       all  --  0.0.0.0/0            0.0.0.0/0            MARK and 0x0
7    MARK       udp  --  0.0.0.0/0            0.0.0.0/0            multiport dports 53,60:70 MARK or 0x3
`

// The same of an empty table, with -v: a rule of ours has no counters.
const verbose = `Chain PREROUTING (policy ACCEPT)
 pkts bytes target     prot opt in     out     source               destination         
    -     - MARK       tcp  --  *      *       0.0.0.0/0            192.168.0.200        multiport dports 80,443 MARK set 0x1a0a
`

func TestListing(t *testing.T) {
	var m marks
	for _, line := range session[5:12] {
		if said, code := m.types(line); code != 0 {
			t.Fatalf("%s: %d %s", line, code, said)
		}
	}
	if got, _ := m.types("iptables -t mangle -nL PREROUTING --line-numbers"); got != listing {
		t.Errorf("-L is\n%s\nthe original's\n%s", got, listing)
	}
	m.rules = m.rules[:1]
	if got, _ := m.types("iptables -t mangle -nvL PREROUTING"); got != verbose {
		t.Errorf("-v is\n%s, want\n%s", got, verbose)
	}
	all, _ := m.types("iptables -t mangle -L -n")
	if want := "\n\nChain INPUT (policy ACCEPT)\ntarget     prot opt source               destination         \n\nChain FORWARD"; !strings.Contains(all, want) {
		t.Errorf("the table is listed as\n%s", all)
	}
}

// Rules of IPv6 are ip6tables's, and neither program touches the other's.
func TestFamilies(t *testing.T) {
	var m marks
	m.types(tutorial)
	if said, code := m.types("ip6tables -t mangle -A PREROUTING -d 2001:db8::1 -p tcp --dport 80 -j MARK --set-mark 1"); code != 0 {
		t.Fatal(said)
	}
	if said, code := m.types("iptables -t mangle -A PREROUTING -d 2001:db8::1 -j MARK --set-mark 1"); code == 0 || !strings.Contains(said, "-4") {
		t.Errorf("IPv6 in iptables: %d %s", code, said)
	}
	if got, _ := m.types("ip6tables -t mangle -S PREROUTING"); strings.Contains(got, "192.168") {
		t.Errorf("ip6tables shows %s", got)
	}
	m.types("iptables -t mangle -F")
	if got, _ := m.types("ip6tables -t mangle -nL PREROUTING"); !strings.Contains(got, "MARK       tcp  --  ::/0                 2001:db8::1          tcp dpt:80 MARK set 0x1") {
		t.Errorf("after iptables -F ip6tables shows %s", got)
	}
}

// What it cannot, it says, and does nothing.
func TestRefuses(t *testing.T) {
	for line, says := range map[string]string{
		strings.Replace(tutorial, "-t mangle ", "", 1):         "-t mangle",
		strings.Replace(tutorial, "PREROUTING", "PREROUTE", 1): "no chain PREROUTE: there are PREROUTING, INPUT",
		strings.Replace(tutorial, "mangle", "mangel", 1):       `no table "mangel"`,
		tutorial + " -i eth0":                                  `"-i" is no word`,
		strings.Replace(tutorial, "-d", "! -d", 1):             `"!" is no word`,
		"iptables -A INPUT -p tcp -j DROP":                     "install iptables for more",
		"iptables -t nat -A POSTROUTING -j MASQUERADE":         "install iptables for more",
		"iptables -t mangle -A OUTPUT -j MARK --set-mark 1":    "install iptables for more",
		"iptables -P INPUT DROP":                               "install iptables for more",
		"iptables -N web":                                      "install iptables for more",
		"iptables -t mangle -A PREROUTING -L":                  "one command",
		"iptables -t mangle -F PREROUTING -d 1.2.3.4":          "unexpected",
		"iptables -t":                        "value is missing",
		"iptables -t mangle -D PREROUTING 0": "which rule",
		"iptables -t mangle -D PREROUTING -d 1.2.3.4 -j MARK --set-mark 66": "no such rule",
	} {
		var m marks
		if said, code := m.types(line); code == 0 || !strings.Contains(said, says) || strings.Count(said, "\n") != 1 || len(m.rules) > 0 {
			t.Errorf("%s: exit %d, %q; want a line with %q", line, code, said, says)
		}
	}
}

func TestNoDirector(t *testing.T) {
	var said strings.Builder
	p := Program{"iptables", func() (ulvs.Director, error) { return nil, ulvs.ErrNoDirector }, &said, &said}
	if code := p.Main(strings.Fields(tutorial)[1:]); code != 1 || said.String() != "iptables: no director here\n" {
		t.Errorf("without a director: %d %q", code, said.String())
	}
	for _, line := range []string{"-F", "-t mangle -F", "-t mangle -L", "-t mangle -S PREROUTING"} {
		if code := p.Main(strings.Fields(line)); code != 0 {
			t.Errorf("iptables %s needs a director: %s", line, said.String())
		}
	}
}

// A second rule of the same words changes nothing, and is no fault.
func TestTwice(t *testing.T) {
	var m marks
	m.types(tutorial)
	said, code := m.types(tutorial)
	if code != 0 || len(m.rules) != 1 || !strings.Contains(said, "there already, as number 1") {
		t.Errorf("twice: %d %q, %v", code, said, m.rules)
	}
}

// A director that refuses is heard, also in the middle.
func TestRefused(t *testing.T) {
	m := &deaf{}
	var said strings.Builder
	p := Program{"iptables", func() (ulvs.Director, error) { return m, nil }, &said, &said}
	if code := p.Main(append([]string{"-t", "mangle", "-I"}, strings.Fields(tutorial)[4:]...)); code != 1 || !strings.Contains(said.String(), "permission denied") {
		t.Errorf("refused: %d %q", code, said.String())
	}
}

type deaf struct{ marks }

func (d *deaf) Apply(_ context.Context, lines iter.Seq[ulvs.Command], report func(int, error) error) error {
	for range lines {
		if err := report(1, ulvs.ErrPermission); err != nil {
			return err
		}
	}
	return errors.New("and ended")
}
