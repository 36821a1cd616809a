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
		"":        "mark: what?",
		"list":    `mark: there is no "list"`,
		"flush x": `mark flush: "x"`,
		"add":     "mark add: which mark?",
		"del -x":  `mark del: "-x" is no word`,
	} {
		if _, err := ulvs.ParseMarkCommand(strings.Fields(line)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("mark %s: %v, want %s", line, err, want)
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
