// SPDX-License-Identifier: Apache-2.0

package command

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
)

// helpOf is what VERB -h prints.
func helpOf(t *testing.T, words ...string) string {
	t.Helper()
	var out strings.Builder
	root := rootCommand()
	root.SetOut(&out)
	root.SetArgs(append(words, "-h"))
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestHelp wants help to fit a terminal, and to say what may be typed.
func TestHelp(t *testing.T) {
	for verb, wants := range map[string]string{
		"":           "--version",
		"version":    "",
		"lab":        "ulvs lab up nat",
		"lab up":     "nat      the|dr       only",
		"lab down":   "",
		"lab list":   "--json",
		"lab sh":     "client, lvs, rs1, rs2",
		"lab exec":   "client, router, lvs, rs1, rs2|Usage:\n  ulvs lab exec HOST -- COMMAND [ARG...]\n",
		"lab curl":   "-n N",
		"sysctl":     "ulvs sysctl -w conn_reuse_mode=0|-w, --write|[NAME[=VALUE]]...",
		"mark":       "add a rule|--dports 80,443 --set-mark 6666",
		"mark flush": "--socket",
		"mark list":  "--json",
	} {
		text := helpOf(t, strings.Fields(verb)...)
		for _, want := range strings.Split(wants, "|") {
			if !strings.Contains(text, want) {
				t.Errorf("ulvs %s -h says nothing of %q:\n%s", verb, want, text)
			}
		}
		for line := range strings.Lines(text) {
			if utf8.RuneCountInString(line) > 80+len("\n") {
				t.Errorf("ulvs %s -h is wider than 80 columns: %s", verb, line)
			}
		}
		if strings.Contains(text, "[flags]") && !strings.Contains("lab list, sysctl, mark flush, mark list", verb) {
			t.Errorf("ulvs %s -h promises flags:\n%s", verb, text)
		}
	}
}

// TestGroup wants help under every name, and unknown words refused.
func TestGroup(t *testing.T) {
	for words, want := range map[string]string{
		"lab help":    "Networks to play LVS in",
		"lab help up": "NAME is one of",
		"--version":   "ulvs ",
	} {
		var out strings.Builder
		root := rootCommand()
		root.SetOut(&out)
		root.SetArgs(strings.Fields(words))
		if err := root.Execute(); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("ulvs %s: %v, %s", words, err, &out)
		}
	}
	for words, want := range map[string]string{
		"frob":     `there is no "frob": there are completion, ipvsadm, lab, mark, rs, run, status, sysctl, version`,
		"lab frob": `there is no "frob": there are curl, down, exec, list, sh, up`,
	} {
		root := rootCommand()
		root.SetArgs(strings.Fields(words))
		if err := root.Execute(); err == nil || err.Error() != want {
			t.Errorf("ulvs %s: %v, want %s", words, err, want)
		}
	}
}

// TestWorded wants what is to be typed put into words once, wherever it was.
func TestWorded(t *testing.T) {
	const text = "start one with ulvs run"
	for _, err := range []error{errors.New(text), fmt.Errorf("%w", hinted{errors.New(text)})} {
		if got := worded(err); got != paste(text) {
			t.Errorf("%q, want %q", got, paste(text))
		}
	}
}

// TestFull wants whoever could not print to hear of it once.
func TestFull(t *testing.T) {
	full := errors.New("no space left on device")
	out := &checked{w: failing{full}}
	c := &cobra.Command{Run: func(c *cobra.Command, _ []string) { c.OutOrStdout().Write([]byte("x")) }}
	c.SetOut(out)
	c.SetArgs(nil)
	if err := c.Execute(); err != nil || out.err != full {
		t.Errorf("%v, and the writer remembers %v", err, out.err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// TestMisused wants words in the wrong place answered with what is meant, in one
// line, which names each thing once.
func TestMisused(t *testing.T) {
	for words, want := range map[string]string{
		"status foo":                  "2: status: it takes no words",
		"run foo":                     "2: run: it takes no words: -i names an interface",
		"version foo":                 "2: version: it takes no words",
		"rs setup -n 10.1.1.1":        "2: rs setup: 10.1.1.1: did you mean --vip 10.1.1.1?",
		"rs teardown fd00::1":         "2: rs teardown: fd00::1: did you mean --vip fd00::1?",
		"rs setup foo":                "2: rs setup: foo: it takes no words: --vip names an address",
		"rs decap --gue-port x":       "2: rs decap: --gue-port x: want a port from 1 to 65535",
		"rs decap --gue-port 5,65536": "2: rs decap: --gue-port 65536: want a port from 1 to 65535",
		"rs decap 5555":               "2: rs decap: it takes no words: --gue-port names a port",
	} {
		if out, failed := typed(t, strings.Fields(words)...); out != "" || failed != want {
			t.Errorf("ulvs %s: %q, %q; want %q", words, out, failed, want)
		}
	}
}
