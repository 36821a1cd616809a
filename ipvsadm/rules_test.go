// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/ulvs/ulvs"
)

// A marking director has rules for marks, which the kernel's IPVS has not.
type marking struct {
	kernel
	marks []ulvs.MarkRule
}

func (m *marking) Do(ctx context.Context, c ulvs.Command) error {
	switch c.Verb {
	case ulvs.AddMark:
		m.marks = append(m.marks, c.Mark)
		return nil
	case ulvs.FlushMarks:
		m.marks = nil
		return nil
	case ulvs.DeleteMark:
		return ulvs.ErrNoMark
	}
	return m.kernel.Do(ctx, c)
}

func (m *marking) Apply(ctx context.Context, lines iter.Seq[ulvs.Command], report func(int, error) error) error {
	n := 0
	for c := range lines {
		n++
		if err := report(n, m.Do(ctx, c)); err != nil {
			return err
		}
	}
	return nil
}

func (m *marking) Marks(context.Context) ([]ulvs.MarkRule, error) { return m.marks, nil }

// TestSaveMarks wants marks to outlive a save and a restore, in lines that the
// original's ipvsadm-restore leaves out.
func TestSaveMarks(t *testing.T) {
	var m marking
	run := func(program, in string, args ...string) string {
		t.Helper()
		var out bytes.Buffer
		dial := func(context.Context) (ulvs.Director, error) { return &m, nil }
		if code := Main(t.Context(), program, args, dial, strings.NewReader(in), &out, &out); code != 0 {
			t.Fatalf("%s: exit %d, %s", program, code, &out)
		}
		return out.String()
	}
	const rules = `-A -f 6666 -s rr -p 360
#ulvs mark flush
#ulvs mark add -d 192.168.0.200 -p tcp -m multiport --dports 80,443 -j MARK --set-mark 6666
#ulvs mark add -d ::/0 -s fd00::/8 -j MARK --set-mark 7
`
	run("ipvsadm-restore", rules+"# a comment\n#-C\n#ulvsmark add\n")
	first := run("ipvsadm-save", "", "-n")
	run("ipvsadm-restore", first)
	second := run("ipvsadm-save", "", "-n")
	if first != rules || second != rules {
		t.Errorf("saved\n%s\nrestored and saved\n%s\nwant\n%s", first, second, rules)
	}
	if text := run("ipvsadm", "", "-S", "-n"); strings.Contains(text, "#") {
		t.Errorf("-S is for -R, which knows no comments:\n%s", text)
	}
	run("ipvsadm-restore", "-A -t 192.0.2.1:80\n")
	if len(m.marks) != 2 {
		t.Errorf("a file without marks left %v", m.marks)
	}
	run("ipvsadm", "ulvs mark flush\n", "-R")
	if len(m.marks) != 0 {
		t.Errorf("a flush left %v", m.marks)
	}
}

// TestRestoreMarks wants one bad line of ulvs's own to cost no other line, and
// told with its place; the original's lines are told, and end a restore, as ever.
func TestRestoreMarks(t *testing.T) {
	for _, c := range []struct {
		program, in, said string
		code, services    int
		marks             int
	}{
		{"ipvsadm-restore", "# saved\n#ulvs mark add -d foo --set-mark 1\n#ulvs mark add --set-mark 2\n-A -t 192.0.2.1:80\n",
			"ipvsadm-restore: line 2: #ulvs mark add -d foo --set-mark 1: -d foo: want an address, ADDRESS/BITS or ADDRESS/MASK, and one of them a rule\n", 0, 1, 1},
		{"/sbin/ipvsadm-restore", "-A -t 192.0.2.1:80\n\n#ulvs mark del --set-mark 2",
			"ipvsadm-restore: line 3: #ulvs mark del --set-mark 2: no such mark rule\n", 255, 1, 0},
		{"ipvsadm-restore", "-A -t 192.0.2.1:80\n#ulvs run",
			"ipvsadm-restore: line 2: #ulvs run: of ulvs's own verbs only mark can be among rules\n", 255, 1, 0},
		{"ipvsadm", "ulvs mark add -d foo\n-A -t 192.0.2.1:80",
			"ipvsadm: line 1: ulvs mark add -d foo: -d foo: want an address, ADDRESS/BITS or ADDRESS/MASK, and one of them a rule\n", 0, 1, 0},
		{"ipvsadm-restore", "-A -t foo:80\n-A -t 192.0.2.1:80", "illegal virtual server address[:port] specified\n", 2, 0, 0},
	} {
		var m marking
		var out, errs bytes.Buffer
		args := map[bool][]string{true: {"-R"}}[c.program == "ipvsadm"]
		dial := func(context.Context) (ulvs.Director, error) { return &m, nil }
		code := Main(t.Context(), c.program, args, dial, strings.NewReader(c.in), &out, &errs)
		if code != c.code || errs.String() != c.said || len(m.services) != c.services || len(m.marks) != c.marks {
			t.Errorf("%q: exit %d, %q, %d services, %d marks", c.in, code, errs.String(), len(m.services), len(m.marks))
		}
	}
}

// TestParseRule tells lines that say nothing from those that are wrong.
func TestParseRule(t *testing.T) {
	for text, want := range map[string]ulvs.Verb{
		"-C": ulvs.Flush, " ipvsadm -C ": ulvs.Flush, "#ulvs mark flush": ulvs.FlushMarks, "ulvs mark flush": ulvs.FlushMarks,
		"": "", "  ": "", "# -C": "", "#ulvsmark": "", "ipvsadm": "",
	} {
		l, said, err := Names{}.ParseRule(text)
		if err != nil || said != (want != "") || l.Command.Verb != want {
			t.Errorf("%q: %v, %v, %v", text, l.Command.Verb, said, err)
		}
	}
	for text, want := range map[string]string{
		"#ulvs run":           "of ulvs's own verbs only mark can be among rules",
		"#ulvs mark add":      "which mark? --set-mark MARK is missing",
		"ulvs mark add -d x ": "-d x: want an address, ADDRESS/BITS or ADDRESS/MASK, and one of them a rule",
		"ulvs":                "of ulvs's own verbs only mark can be among rules",
	} {
		if _, said, err := (Names{}).ParseRule(text); !said || err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

// TestComplete is what a shell offers.
func TestComplete(t *testing.T) {
	has := func(line, prefix, want string) {
		t.Helper()
		got := Complete(strings.Fields(line), prefix, []string{"rr", "wlc", "wrr"})
		for _, w := range strings.Fields(want) {
			if no, ok := strings.CutPrefix(w, "!"); slices.Contains(got, strings.TrimPrefix(w, "!")) == ok {
				t.Errorf("%q %q offers %q: %s", line, prefix, got, no)
			}
		}
	}
	has("", "-", "-A -L --list --set -h !-t !--start-daemon")
	has("-A", "-", "-t -f -s --pe !-r !-w !-A")
	has("-A -t 192.0.2.1:80", "-", "-s !-t !-u !-f")
	has("-A -t 192.0.2.1:80 -s", "w", "wlc wrr !rr !-p")
	has("-A -u 192.0.2.1:80 --pe", "", "sip")
	has("-A -u 192.0.2.1:80 -b", "sh", "sh-port !mh-port")
	has("-a -t 192.0.2.1:80", "--", "--real-server --weight --ipip --tun-port !-r")
	has("-L -n", "-", "-c --stats !-n")
	for _, line := range []string{"-h", "-v", "foo", "-A -Q", "-t", "--pe", "-A -t"} {
		for _, w := range Complete(strings.Fields(line), "x", nil) {
			t.Errorf("%q offers %s", line, w)
		}
	}
}
