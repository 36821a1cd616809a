// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"testing"
)

// TestGolden repeats what testdata/record.sh recorded of the original ipvsadm
// on a Linux kernel, and wants every byte the same.
func TestGolden(t *testing.T) {
	for _, file := range []string{"golden", "random", "settings"} {
		t.Run(file, func(t *testing.T) { golden(t, "testdata/"+file+".txt") })
	}
}

func golden(t *testing.T, file string) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	k := newKernel()
	_, blocks, _ := strings.Cut(string(text), "\n\n$ ")
	for _, block := range strings.Split(strings.TrimSuffix(blocks, "\n"), "\n\n$ ") {
		line, want, _ := strings.Cut(block, "\n")
		in := marked(want, "<")
		var out, errs bytes.Buffer
		words := strings.Fields(line)
		for i := range words {
			if words[i] == "''" {
				words[i] = ""
			}
		}
		p := Program{Argv0: words[0], Dial: k.dial, Names: someNames(), In: strings.NewReader(in), Out: &out, Err: &errs}
		code := p.Main(t.Context(), words[1:])
		got := mark(in, "<") + mark(out.String(), "1") + mark(errs.String(), "2") + fmt.Sprintf("=%d", code)
		if got != want {
			t.Errorf("%s\ngot\n%s\nwant\n%s", line, got, want)
		}
	}
}

// someNames are those of the machine that the recording was made on.
func someNames() Names {
	s := ReadServices(strings.NewReader(`
tcpmux 1/tcp   # TCP port service multiplexer
ssh    22/tcp  # SSH Remote Login Protocol
domain 53/tcp
domain 53/udp
tftp   69/udp
http   80/tcp  www
https  443/tcp
https  443/udp
`))
	local := netip.MustParseAddr("127.0.0.1")
	return Names{
		Addr:    func(name string) (netip.Addr, bool) { return local, name == "localhost" },
		Host:    func(a netip.Addr) (string, bool) { return "localhost", a == local },
		Port:    s.Port,
		Service: s.Name,
	}
}

// mark puts a mark before each line of a text.
func mark(text, with string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(with + line)
	}
	return b.String()
}

// marked is the text whose lines bear the mark.
func marked(text, with string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, with); ok {
			b.WriteString(rest)
		}
	}
	return b.String()
}
