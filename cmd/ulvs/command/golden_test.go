// SPDX-License-Identifier: Apache-2.0

package command

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/forward"
	"github.com/ulvs/ulvs/forward/mem"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/ipvsadm"
	"github.com/ulvs/ulvs/sched"
)

// TestGoldenEngine repeats, with the engine as director, what ipvsadm's tests
// hold of the original ipvsadm on a kernel: not only the words are the same,
// but also what is accepted, and what is refused and why.
func TestGoldenEngine(t *testing.T) {
	for _, name := range []string{"golden", "random", "settings"} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile("../../../ipvsadm/testdata/" + name + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			e := idleEngine(t)
			_, blocks, _ := strings.Cut(string(text), "\n\n$ ")
			for _, block := range strings.Split(strings.TrimSuffix(blocks, "\n"), "\n\n$ ") {
				compare(t, e, block)
			}
		})
	}
}

// idleEngine has a port, and nothing comes.
func idleEngine(t *testing.T) *forward.Engine {
	t.Helper()
	link, _ := mem.Pipe(1)
	e, err := forward.New(forward.Config{
		Links: []forward.Link{link}, Ports: []int{1}, Host: host.Build(host.Facts{}),
		Now: func() time.Duration { return 0 }, Rand: rand.New(rand.NewPCG(1, 2)), Max: 16,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// mapped is how addresses of IPv4 in IPv6 begin: the kernel takes them, and ulvs
// refuses them, as no packet has any.
const mapped = "::ffff:"

// compare types the line of one recording.
func compare(t *testing.T, d ulvs.Director, block string) {
	line, recorded, _ := strings.Cut(block, "\n")
	var in, want strings.Builder
	for l := range strings.Lines(recorded) {
		if rest, ok := strings.CutPrefix(l, "<"); ok {
			in.WriteString(rest)
		} else if !strings.Contains(l, mapped) {
			want.WriteString(l)
		}
	}
	if strings.Contains(line, mapped) {
		return
	}
	words := strings.Fields(line)
	for i := range words {
		if words[i] == "''" {
			words[i] = ""
		}
	}
	var out, errs bytes.Buffer
	p := ipvsadm.Program{
		Argv0: words[0], Names: fewNames(), Schedulers: sched.Names(), In: strings.NewReader(in.String()), Out: &out, Err: &errs,
		Dial: func(context.Context) (ulvs.Director, error) { return d, nil },
	}
	code := p.Main(t.Context(), words[1:])
	if got := tagged(out.String(), "1") + tagged(errs.String(), "2") + fmt.Sprintf("=%d", code); got != want.String() {
		t.Errorf("%s\ngot\n%s\nwant\n%s", line, got, &want)
	}
}

// fewNames are those of the machine that was recorded.
func fewNames() ipvsadm.Names {
	s := ipvsadm.ReadServices(strings.NewReader("tcpmux 1/tcp\nssh 22/tcp\ndomain 53/udp\ntftp 69/udp\nhttp 80/tcp www\nhttps 443/tcp\nhttps 443/udp\n"))
	local := netip.MustParseAddr("127.0.0.1")
	return ipvsadm.Names{
		Addr: func(name string) (netip.Addr, bool) { return local, name == "localhost" },
		Host: func(a netip.Addr) (string, bool) { return "localhost", a == local },
		Port: s.Port, Service: s.Name,
	}
}

// tagged puts a tag before each line.
func tagged(text, tag string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(tag + line)
	}
	return b.String()
}
