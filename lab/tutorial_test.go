// SPDX-License-Identifier: Apache-2.0

package lab_test

import (
	"cmp"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// The tutorial's chapters on marks and persistence, typed in a lab by a
// student, must say what they say on the kernel's IPVS: testdata/tutorial.txt
// was recorded there, by testdata/tutorial.sh.

// A typed line, and what it said: output, errors, and the exit code if not 0.
type typed struct{ host, words, said string }

func recorded(t *testing.T) (all []typed) {
	t.Helper()
	text, err := os.ReadFile("testdata/tutorial.txt")
	if err != nil {
		t.Fatal(err)
	}
	prompt := regexp.MustCompile(`^(client|lvs)\$ (.*)\n`)
	for line := range strings.Lines(string(text)) {
		switch m := prompt.FindStringSubmatch(line); {
		case m != nil:
			all = append(all, typed{m[1], m[2], ""})
		case !strings.HasPrefix(line, "#"):
			all[len(all)-1].said += line
		}
	}
	return all
}

// vague is what differs from time to time, and what stands for it: seconds,
// connections that have been forgotten meanwhile or not, how curl explains.
var vague = []struct {
	is   *regexp.Regexp
	tell string
}{
	{regexp.MustCompile(`(?m)^TCP \d\d:\d\d .*\n`), ""},
	{regexp.MustCompile(`(?m)^(IP  )(49:[345]\d|50:00)`), "${1}49:59"},
	{regexp.MustCompile(`(?m)^(  -> 192.*?)\d+ +\d+ *$`), "${1}n n"},
	{regexp.MustCompile(`(?m)^curl: \(7\) .*`), "curl: (7)"},
}

func precisely(said string) string {
	for _, v := range vague {
		said = v.is.ReplaceAllString(said, v.tell)
	}
	return said
}

func TestTutorial(t *testing.T) {
	for _, name := range []string{"", "iptables-nft", "iptables-legacy"} {
		t.Run("with "+cmp.Or(name, "ours"), func(t *testing.T) {
			iptables := "/run/own/iptables"
			if name != "" {
				iptables = machines(t, name)
			}
			everyone(t, func(t *testing.T, l *learner) { l.tutorial(iptables) })
		})
	}
}

// machines is the path of a program of the machine's.
func machines(t *testing.T, name string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("needs %s: apt-get install iptables", name)
	}
	return path
}

// tutorial types all of it. The program iptables is this one.
func (l *learner) tutorial(iptables string) {
	l.t.Helper()
	l.must("lab", "up", "fwmark")
	l.must("lab", "exec", "lvs", "--", "sh", "-c", "ipvsadm -C; mkdir /run/own && ln -s /run/ulvs/bin/ulvs /run/own/iptables && mkdir /run/names")
	if out, code := l.says("lab", "exec", "lvs", "--", "ln", "-s", iptables, "/run/names/iptables"); code != 0 {
		l.t.Fatal(out)
	}
	l.must("lab", "exec", "client", "--", "sh", "-c", `printf 'silent\nshow-error\n' >~/.curlrc`)
	for lines := recorded(l.t); len(lines) > 0; {
		n := 1
		for n < len(lines) && lines[n].host == lines[0].host {
			n++
		}
		l.enter(lines[:n])
		lines = lines[n:]
	}
}

// enter types lines on one host, in one shell, and compares what each says.
func (l *learner) enter(lines []typed) {
	l.t.Helper()
	script := "PATH=/run/names:$PATH\n"
	for _, line := range lines {
		script += "(" + line.words + ")\nc=$?; [ $c = 0 ] || echo exit $c; printf '\\036'\n"
	}
	said := strings.Split(l.must("lab", "exec", lines[0].host, "--", "sh", "-c", script), "\036")
	for i, line := range lines {
		if got := said[i]; precisely(got) != precisely(line.said) {
			l.t.Errorf("%s$ %s\n%sthe kernel's says\n%s", line.host, line.words, got, line.said)
		}
	}
}

// TestPersist: the lab that begins with the mark and its service.
func TestPersist(t *testing.T) {
	everyone(t, func(t *testing.T, l *learner) {
		l.must("lab", "up", "persist")
		pair := func() string {
			return l.must("lab", "exec", "client", "--", "sh", "-c", "curl -sk https://192.168.0.200; curl -s http://192.168.0.200")
		}
		const one, two = "RS1 server - 192.168.0.10\n", "RS2 server - 192.168.0.20\n"
		if got := pair(); got != two+one {
			t.Errorf("without persistence: %q", got)
		}
		l.must("lab", "exec", "lvs", "--", "ipvsadm", "-E", "-f", "6666", "-s", "rr", "-p", "3000")
		if got := pair() + pair(); got != strings.Repeat(two, 4) {
			t.Errorf("with persistence: %q", got)
		}
		rules := l.must("lab", "exec", "lvs", "--", "ulvs", "mark", "list")
		if want := "ulvs mark add -d 192.168.0.200 -p tcp -m multiport --dports 80,443 -j MARK --set-mark 6666\n"; rules != want {
			t.Errorf("ulvs mark list: %q", rules)
		}
		l.must(strings.Fields("lab exec lvs -- " + strings.Replace(strings.TrimSpace(rules), "add", "del", 1))...)
		if got := l.must("lab", "exec", "lvs", "--", "ulvs", "mark", "list"); got != "" {
			t.Errorf("ulvs mark del left %q", got)
		}
		if got, code := l.says("lab", "exec", "client", "--", "curl", "-s", "http://192.168.0.200"); code != 7 {
			t.Errorf("without the mark: %d %s", code, got)
		}
	})
}
