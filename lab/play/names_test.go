// SPDX-License-Identifier: Apache-2.0

package play

import (
	"errors"
	"strings"
	"testing"
)

const full = "# FullNAT.\nipvsadm -A -t 192.0.2.1:80 -s rr --local-address 10.0.0.200\nipvsadm -a -t 192.0.2.1:80 -r 10.0.0.1:8080 --fullnat\n"

// TestNames: a name is the port that came first, and no other.
func TestNames(t *testing.T) {
	const syn, syn2 = "in 198.51.100.7:1 > 192.0.2.1:80 tcp S\n", "in 198.51.100.7:2 > 192.0.2.1:80 tcp S\n"
	const out = "out 10.0.0.200:$a > 10.0.0.1:8080 tcp S\n"
	for text, want := range map[string]string{
		full + syn + out + syn + out:                                         "",
		full + syn + out + syn2 + out:                                        "wanted: 10.0.0.200:",
		full + syn + out + syn + strings.Replace(out, "$a", "$b", 1):         "wanted: $b, another port than $a",
		full + syn + strings.Replace(out, "10.0.0.200", "10.0.0.201", 1):     "no out line has told a port yet",
		full + syn + out + "in 10.0.0.1:8080 > 10.0.0.200:$b tcp SA\nsilent": "no out line has told a port yet",
		full + out: "came:   nothing",
	} {
		err := Memory(t.Context(), lesson(t, text))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
	for _, line := range []string{"drop $a", "in 10.0.0.1:$a tcp", "also 10.0.0.1:$a > 10.0.0.2:1 tcp S"} {
		if _, err := Read("wrong.txt", strings.NewReader(full+line)); err == nil {
			t.Errorf("%q is a line of a lesson", line)
		}
	}
}

// TestElsewhere: the kernel does not play what it has not.
func TestElsewhere(t *testing.T) {
	l := lesson(t, "# X.\nulvs only: it is new\nipvsadm -C")
	if err := l.elsewhere(Traits{Truth: true}); !errors.Is(err, ErrElsewhere) || !strings.Contains(err.Error(), "it is new") {
		t.Error(err)
	}
	if err := l.elsewhere(Traits{}); err != nil {
		t.Error(err)
	}
}
