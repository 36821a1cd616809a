// SPDX-License-Identifier: Apache-2.0

package command

import (
	"os"
	"strings"
	"testing"
)

func TestStartedBy(t *testing.T) {
	const built = "/tmp/go-build12/b001/exe/ulvs"
	for _, c := range []struct{ args, parent, sudo, want string }{
		{"ulvs lab up nat", "bash", "", "ulvs"},
		{"./ulvs lab up nat", "-bash", "", "./ulvs"},
		{"./ulvs lab up nat", "sudo ./ulvs lab up nat", "./ulvs lab up nat", "sudo ./ulvs"},
		{"./ulvs lab up nat", "/bin/bash", "/bin/bash", "./ulvs"}, // sudo -s, and then
		{built + " lab up nat", "go run ./cmd/ulvs lab up nat", "", "go run ./cmd/ulvs"},
		{built + " lab up nat", "/usr/lib/go/bin/go run -race . lab up nat", "", "go run -race ."},
		{built + " lab up nat", "sh", "", "go run ./cmd/ulvs"}, // go is gone
		{built + " lab up nat", "go run ./cmd/ulvs lab up nat", "/usr/bin/go run ./cmd/ulvs lab up nat", "sudo go run ./cmd/ulvs"},
		{built, "go run ./cmd/ulvs", "", "go run ./cmd/ulvs"},
		{"/sbin/ipvsadm -Ln", "bash", "", "ulvs"},
	} {
		if got := startedBy(strings.Fields(c.args), strings.Fields(c.parent), c.sudo); got != c.want {
			t.Errorf("%s, of %s, sudo %q: %q, want %q", c.args, c.parent, c.sudo, got, c.want)
		}
	}
}

func TestPaste(t *testing.T) {
	defer func(args []string) { os.Args = args }(os.Args)
	os.Args = []string{"./ulvs"}
	t.Setenv("SUDO_COMMAND", "")
	for text, want := range map[string]string{
		"no lab is up: ulvs lab up nat":                    "no lab is up: ./ulvs lab up nat",
		"start one with `ulvs run` here":                   "start one with `./ulvs run` here",
		"  ulvs lab exec lvs -- ulvs status  # not ulvs's": "  ./ulvs lab exec lvs -- ulvs status  # not ulvs's",
		"not supported by ulvs yet: there are lc, rr":      "not supported by ulvs yet: there are lc, rr",
	} {
		if got := paste(text); got != want {
			t.Errorf("%q became %q", text, got)
		}
	}
}
