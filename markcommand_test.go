// SPDX-License-Identifier: Apache-2.0

package ulvs_test

import (
	"strings"
	"testing"

	"github.com/ulvs/ulvs"
)

func TestParseMarkCommand(t *testing.T) {
	rule, _ := ulvs.ParseMark([]string{"--set-mark", "7"})
	for line, want := range map[string]ulvs.Command{
		"add --set-mark 7": {Verb: ulvs.AddMark, Mark: rule},
		"del --set-mark 7": {Verb: ulvs.DeleteMark, Mark: rule},
		"flush":            {Verb: ulvs.FlushMarks},
	} {
		if got, err := ulvs.ParseMarkCommand(strings.Fields(line)); err != nil || got != want {
			t.Errorf("mark %s: %+v, %v", line, got, err)
		}
	}
	for line, want := range map[string]string{
		"":        "what?",
		"list":    `there is no "list"`,
		"flush x": `"x": it takes no words`,
		"add":     "which mark?",
		"del -x":  `"-x" is no word for a mark rule: there are -d -s -4 -6 -p`,
	} {
		if _, err := ulvs.ParseMarkCommand(strings.Fields(line)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("mark %s: %v, want %s", line, err, want)
		}
	}
}

// TestPasted reads whole lines of iptables', as tutorials and iptables -S have
// them, and refuses what they say besides.
func TestPasted(t *testing.T) {
	const words = "-d 192.0.2.1 -p tcp --dport 80 -j MARK --set-mark 7"
	rule, err := ulvs.ParseMark(strings.Fields(words))
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]ulvs.Verb{
		"add iptables -t mangle -A PREROUTING " + words:                       ulvs.AddMark,
		"add -t mangle -A PREROUTING " + words:                                ulvs.AddMark,
		"add -A PREROUTING " + words:                                          ulvs.AddMark,
		"add sudo /sbin/iptables-legacy -w 5 -tmangle -A PREROUTING " + words: ulvs.AddMark,
		"add iptables --append=PREROUTING " + words + " --table mangle":       ulvs.AddMark,
		"add iptables -t mangle -I PREROUTING " + words:                       ulvs.InsertMark,
		"add iptables -t mangle --insert PREROUTING 1 " + words:               ulvs.InsertMark,
		"del iptables -t mangle -D PREROUTING " + words:                       ulvs.DeleteMark,
		"del " + words: ulvs.DeleteMark,
	} {
		if c, err := ulvs.ParseMarkCommand(strings.Fields(line)); err != nil || c.Verb != want || c.Mark != rule {
			t.Errorf("mark %s: %v %v, %v", line, c.Verb, c.Mark, err)
		}
	}
	six, err := ulvs.ParseMarkCommand(strings.Fields("add ip6tables -t mangle -A PREROUTING -j MARK --set-mark 7"))
	if err != nil || !six.Mark.Dst.Addr().Is6() {
		t.Errorf("a rule of ip6tables is %v, %v", six.Mark, err)
	}
	const byWords = `rules are deleted by their words: "ulvs mark list" shows them`
	for line, want := range map[string]string{
		"add iptables -A PREROUTING " + words:                          "-t mangle is missing",
		"add iptables -t nat -A PREROUTING " + words:                   "-t nat: want mangle",
		"add -t mangle -A OUTPUT " + words:                             "-A OUTPUT: want PREROUTING",
		"add iptables -t mangle -A INPUT " + words:                     "-A INPUT: want PREROUTING",
		"add iptables -t mangle -I PREROUTING 2 " + words:              "-I PREROUTING 2: a rule goes before all others",
		"add iptables -t mangle -D PREROUTING " + words:                "-D deletes",
		"del iptables -t mangle -A PREROUTING " + words:                "-A adds",
		"add iptables -t mangle -A":                                    "-A: its value is missing",
		"add iptables -t mangle -A PREROUTING -d fd00::1 --set-mark 1": "-4: fd00::1/128 is of the other family",
		"add iptables -t mangle -A PREROUTING -i eth0 " + words:        `"-i" is no word`,
		"del 1": byWords, "del -D PREROUTING 1": byWords, "del iptables -t mangle -D PREROUTING 12": byWords,
	} {
		if c, err := ulvs.ParseMarkCommand(strings.Fields(line)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("mark %s: %v, %v, want %s", line, c, err, want)
		}
	}
}

// TestPortNames wants names found for the rule's protocol, wherever it stands.
func TestPortNames(t *testing.T) {
	known := ulvs.Services(func(name string, p ulvs.Proto) (uint16, bool) {
		port, ok := map[string]uint16{"TCP http": 80, "TCP ftp-data": 20, "UDP domain": 53, "TCP 8": 9}[p.String()+" "+name]
		return port, ok
	})
	for line, want := range map[string]string{
		"--dport http -p tcp --set-mark 1":             "80",
		"-p tcp --dports ftp-data:http,8 --set-mark 1": "20:80,8",
		"-p udp --dport domain --set-mark 1":           "53",
	} {
		if r, err := known.ParseMark(strings.Fields(line)); err != nil || r.Ports.String() != want {
			t.Errorf("%s is %v, %v; want ports %s", line, r, err, want)
		}
	}
	for _, line := range []string{"-p udp --dport http --set-mark 1", "--dport http --set-mark 1"} {
		if r, err := known.ParseMark(strings.Fields(line)); err == nil || !strings.HasPrefix(err.Error(), "--dport http: ") {
			t.Errorf("%s is %v, %v", line, r, err)
		}
	}
}

func TestSysctlName(t *testing.T) {
	for text, want := range map[string]string{
		"conn_reuse_mode":                       "conn_reuse_mode",
		"net.ipv4.vs.conn_reuse_mode":           "conn_reuse_mode",
		"net/ipv4/vs/conn_reuse_mode":           "conn_reuse_mode",
		"/proc/sys/net/ipv4/vs/conn_reuse_mode": "conn_reuse_mode",
		" drop_entry ":                          "drop_entry",
	} {
		if got, err := ulvs.SysctlName(text); got != want || err != nil {
			t.Errorf("%q is %q, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":                    "its name is missing",
		"net.ipv4.vs.":        "its name is missing",
		"net.ipv4.ip_forward": "for sysctl(8)",
		"net.ipv4.vs.a.b":     "for sysctl(8)",
	} {
		if got, err := ulvs.SysctlName(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is %q, %v; want an error", text, got, err)
		}
	}
}
