// SPDX-License-Identifier: Apache-2.0

package ulvs

import (
	"fmt"
	"strings"
	"testing"
)

func TestLocals(t *testing.T) {
	for text, want := range map[string]string{
		"":                             "[]",
		"10.0.0.200":                   "[10.0.0.200]",
		"10.0.0.200,10.0.0.7":          "[10.0.0.200 10.0.0.7]",
		"10.0.0.254-10.0.1.1":          "[10.0.0.254 10.0.0.255 10.0.1.0 10.0.1.1]",
		"10.0.0.1-10.0.0.2,10.0.0.2":   "[10.0.0.1 10.0.0.2]",
		"2001:db8::ffff-2001:db8::1:0": "[2001:db8::ffff 2001:db8::1:0]",
	} {
		l, err := ParseLocals(text)
		if got := fmt.Sprint(l.Addrs()); err != nil || string(l) != text || got != want {
			t.Errorf("%q: %q, %v: %s, want %s", text, l, err, got, want)
		}
	}
	for text, want := range map[string]Locals{
		"2001:DB8:0::1": "2001:db8::1", "10.0.0.1-10.0.0.1": "10.0.0.1",
	} {
		if l, err := ParseLocals(text); err != nil || l != want {
			t.Errorf("%q: %q, %v, want %q", text, l, err, want)
		}
	}
}

func TestWrongLocals(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0":                     "want ADDRESS or FIRST-LAST",
		"10.0.0.1,":                  "want ADDRESS or FIRST-LAST",
		"10.0.0.2-10.0.0.1":          "want ADDRESS or FIRST-LAST",
		"10.0.0.1-2001:db8::1":       "want ADDRESS or FIRST-LAST",
		"10.0.0.1-10.0.0.2-10.0.0.3": "want ADDRESS or FIRST-LAST",
		"10.0.0.1,2001:db8::1":       "want one family",
		"10.0.0.0-10.0.1.0":          "want at most 256",
		"::1":                        "want one that a host can have",
		"fe80::1":                    "want one that a host can have",
		"fe80::1%eth0":               "want one that a host can have",
		"::ffff:10.0.0.1":            "want one that a host can have",
		"0.0.0.0":                    "want one that a host can have",
		"224.0.0.1":                  "want one that a host can have",
		"255.255.255.255":            "want one that a host can have",
	} {
		l, err := ParseLocals(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
		if all := Locals(text).Addrs(); l != "" || all != nil {
			t.Errorf("%q holds %v", text, all)
		}
	}
}
