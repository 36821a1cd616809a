// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"slices"
	"strings"
	"testing"
)

// A reply of dr or tun that comes by the director is passed on, and its server
// is named for a minute.
func TestAstray(t *testing.T) {
	for _, mode := range []string{"dr", "tun"} {
		b := newBench(t, "add-service tcp 192.0.2.1:80 rr", "add-server tcp 192.0.2.1:80 10.0.0.1:80 "+mode+" 1")
		b.in(0, client+" > 192.0.2.1:80 tcp S")
		if got := b.Status().Astray; len(got) > 0 {
			t.Errorf("%s: %q before any answer", mode, got)
		}
		b.in(1, "192.0.2.1:80 > "+client+" tcp SA")
		if got := b.Status().Astray; len(got) != 1 || !strings.HasPrefix(got[0], "10.0.0.1 answers through the director: ") {
			t.Errorf("%s: %q after one", mode, got)
		}
		b.now += 2 * astrayAge
		if _, err := b.Turn(b.now); err != nil {
			t.Fatal(err)
		}
		if got := b.Status().Astray; len(got) > 0 {
			t.Errorf("%s: %q long after", mode, got)
		}
	}
	b := webNAT(t)
	b.in(0, client+" > 192.0.2.1:80 tcp S")
	b.in(1, "10.0.0.2:8080 > "+client+" tcp SA")
	if got := b.Status().Astray; len(got) > 0 {
		t.Errorf("nat: %q", got)
	}
}

// Whom dr cannot reach is named with a cure; what crosses routers is not.
func TestBehindRouter(t *testing.T) {
	const far = "203.0.113.9:80"
	for mode, want := range map[string]string{
		"dr":  far + ": behind the router 192.0.2.254, which dr cannot cross: make it a tunnel (-i) or --fullnat",
		"tun": "", "nat": "",
	} {
		b := newBench(t, "add-service tcp 192.0.2.1:80 rr", "add-server tcp 192.0.2.1:80 "+far+" "+mode+" 1",
			"add-server tcp 192.0.2.1:80 10.0.0.1:80 "+mode+" 1")
		var wants []string
		if want != "" {
			wants = []string{want}
		}
		if got := b.Status().Unreached; !slices.Equal(got, wants) {
			t.Errorf("%s: %q, want %q", mode, got, wants)
		}
	}
}
