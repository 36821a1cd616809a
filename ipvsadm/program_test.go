// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"strings"
	"testing"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/modes"
)

// TestNoDirector wants the director to be looked for before the arguments are,
// unless they only ask what one may type.
func TestNoDirector(t *testing.T) {
	nobody := func(context.Context) (ulvs.Director, error) { return nil, ulvs.ErrNoDirector }
	for _, line := range []string{"", "-Q", "-L -h", "-A -v"} {
		var out, errs bytes.Buffer
		code := Main(t.Context(), "ipvsadm", strings.Fields(line), nobody, nil, &out, &errs)
		if code != 2 || out.Len() > 0 || errs.String() != "ipvsadm: no director here\n" {
			t.Errorf("%q: exit %d, %q, %q", line, code, out.String(), errs.String())
		}
	}
	for _, line := range []string{"-h", "--help", "-v", "--version"} {
		var out, errs bytes.Buffer
		code := Main(t.Context(), "ipvsadm", strings.Fields(line), nobody, nil, &out, &errs)
		if code != 0 || !strings.HasPrefix(out.String(), versionText+"\n") || errs.Len() > 0 {
			t.Errorf("%q: exit %d, %q, %q", line, code, out.String(), errs.String())
		}
	}
}

// TestSchedulers wants the help to name those there are, in 80 columns.
func TestSchedulers(t *testing.T) {
	var k kernel
	var said bytes.Buffer
	p := Program{Argv0: "ipvsadm", Dial: k.dial, Out: &said, Err: &said}
	p.Schedulers = strings.Fields("lc rr wlc wrr" + strings.Repeat(" longername", 20))
	p.Main(t.Context(), []string{"-h"})
	if !strings.Contains(said.String(), " lc rr wlc wrr longername") {
		t.Errorf("the help does not name the schedulers:\n%s", &said)
	}
	for line := range strings.Lines(said.String()) {
		if len(strings.TrimSuffix(line, "\n")) > 80 {
			t.Errorf("wider than 80 columns: %s", line)
		}
	}
}

// mute are options that do nothing, or nothing but for those that ulvs has not.
var mute = map[string]bool{"sort": true, "syncid": true, "sync-maxlen": true}

// TestHelp wants the program's name and the version line, which scripts read.
func TestHelp(t *testing.T) {
	var k kernel
	var out, errs bytes.Buffer
	code := Main(t.Context(), "/sbin/ipvsadm", []string{"--help"}, k.dial, nil, &out, &errs)
	begin := versionText + "\nUsage:\n  /sbin/ipvsadm -A"
	if code != 0 || !strings.HasPrefix(out.String(), begin) || errs.Len() > 0 {
		t.Errorf("exit %d, %q, %q", code, out.String(), errs.String())
	}
	for _, o := range options {
		if unsupported[o.long] || mute[o.long] || strings.HasPrefix(o.long, "mcast-") {
			continue
		}
		if !strings.Contains(out.String(), "--"+o.long+" ") {
			t.Errorf("no help for --%s", o.long)
		}
	}
}

// TestModes wants each mode of the table taken, listed and explained.
func TestModes(t *testing.T) {
	text := help("ipvsadm", nil)
	for _, m := range modes.All {
		l, err := Parse([]string{"-a", "-t", "192.0.2.1:80", "-r", "10.0.0.1", m.Flag})
		if err != nil || l.Command.Server.Mode != m.Name {
			t.Errorf("%s is mode %q: %v", m.Flag, l.Command.Server.Mode, err)
		}
		if line := Format(l.Command); !strings.Contains(line, " "+m.Flag+" ") {
			t.Errorf("mode %s is written %s", m.Name, line)
		}
		at := strings.Index(text, "\n  "+m.Flag+",")
		if strings.HasPrefix(m.Flag, "--") {
			at = strings.Index(text, "\n      "+m.Flag+" ")
		}
		if at < 0 || !strings.Contains(strings.SplitN(text[at+1:], "\n", 2)[0], m.About) {
			t.Errorf("the help does not say of %s: %s", m.Flag, m.About)
		}
	}
}

// full is a disk on which there is no room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// TestFull wants a listing that could not be written to be no success.
func TestFull(t *testing.T) {
	var k kernel
	p := Program{Argv0: "ipvsadm", Dial: k.dial, Out: full{}, In: strings.NewReader("-A -t 192.0.2.1:80")}
	for _, c := range []struct {
		line string
		code int
	}{{"-R", 0}, {"-Ln", 1}, {"-S", 1}, {"-h", 1}, {"-D -t 192.0.2.9:80", 255}} {
		var errs bytes.Buffer
		p.Err = &errs
		if code := p.Main(t.Context(), strings.Fields(c.line)); code != c.code || strings.Count(errs.String(), "\n") != min(code, 1) {
			t.Errorf("ipvsadm %s > /dev/full: exit %d, want %d: %s", c.line, code, c.code, &errs)
		}
	}
}

// TestSaveHelp wants a dash that ipvsadm-save does not know answered with help.
func TestSaveHelp(t *testing.T) {
	var k kernel
	var out, errs bytes.Buffer
	code := Main(t.Context(), "/sbin/ipvsadm-save", []string{"-x"}, k.dial, nil, &out, &errs)
	if lines := strings.Count(errs.String(), "\n"); code != 1 || out.Len() > 0 || lines != 2 {
		t.Errorf("exit %d, %q, %q", code, out.String(), errs.String())
	}
}

// batches notes how many commands come at once.
type batches struct {
	kernel
	sizes []int
}

func (b *batches) Apply(ctx context.Context, lines iter.Seq[ulvs.Command], report func(int, error) error) error {
	b.sizes = append(b.sizes, 0)
	return b.kernel.Apply(ctx, func(yield func(ulvs.Command) bool) {
		for c := range lines {
			b.sizes[len(b.sizes)-1]++
			if !yield(c) {
				return
			}
		}
	}, report)
}

// TestRestoreAtOnce wants lines that change something to go to the director
// together, the flush of ipvsadm-restore with them, up to a line that looks.
func TestRestoreAtOnce(t *testing.T) {
	var b batches
	in := strings.NewReader("# rules\n-A -t 192.0.2.1:80\n-a -t 192.0.2.1:80 -r 10.0.0.1\n-L -n\n-D -t 192.0.2.1:80")
	var out, errs bytes.Buffer
	dial := func(context.Context) (ulvs.Director, error) { return &b, nil }
	code := Main(t.Context(), "ipvsadm-restore", nil, dial, in, &out, &errs)
	if code != 0 || fmt.Sprint(b.sizes) != "[3 1]" || errs.Len() > 0 || !strings.Contains(out.String(), "10.0.0.1:80") {
		t.Errorf("exit %d, batches %v, %q, %q", code, b.sizes, out.String(), errs.String())
	}
}

// TestRefusals words what the golden lines cannot reach on a kernel.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		verb ulvs.Verb
		err  error
		want string
	}{
		{ulvs.AddServer, fmt.Errorf("add: %w", ulvs.ErrRange), "Numerical result out of range"},
		{ulvs.Flush, ulvs.ErrPermission, "Permission denied (you must be root)"},
		{ulvs.AddServer, ulvs.ErrFamily, "Operation not supported with specified address family"},
		{ulvs.AddServer, ulvs.ErrNoService, "Service not defined"},
		{ulvs.AddService, errors.New("the sky fell"), "the sky fell"},
	} {
		if got := refused(c.verb, c.err).Error(); got != c.want {
			t.Errorf("%s %v: %q, want %q", c.verb, c.err, got, c.want)
		}
	}
}

// TestWide holds the widths of section "address rendering": 59 bytes for any
// endpoint, 33 and 28 for IPv4 in tables.
func TestWide(t *testing.T) {
	long := Names{Host: func(netip.Addr) (string, bool) { return strings.Repeat("x", 70), true }}
	s := ulvs.ServiceStatus{Service: ulvs.Service{ID: ulvs.ID{Proto: ulvs.TCP, Addr: netip.MustParseAddrPort("192.0.2.1:80")}, Scheduler: "rr"}}
	s.Servers = []ulvs.ServerStatus{{Server: ulvs.Server{Addr: netip.MustParseAddrPort("[fd00::1]:80"), Mode: "nat"}}}
	s.Servers = append(s.Servers, ulvs.ServerStatus{Server: ulvs.Server{Addr: netip.MustParseAddrPort("10.0.0.1:80"), Mode: "nat"}})
	var out bytes.Buffer
	table{names: long, out: &out}.service(s)
	want := "TCP  " + strings.Repeat("x", 28) + " rr\n" +
		"  -> [" + strings.Repeat("x", 58) + " Masq    0      0          0         \n" +
		"  -> " + strings.Repeat("x", 28) + " Masq    0      0          0         \n"
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
	if got := long.save(s)[0]; got != "-A -t "+strings.Repeat("x", 59)+" -s rr" {
		t.Errorf("saved as %q", got)
	}
}

// TestSort is the order that the original was seen to print: differences of
// 32 bits, merged halves, input newest first.
func TestSort(t *testing.T) {
	var servers []ulvs.ServerStatus
	for _, a := range []string{"10.0.0.1", "240.0.0.1", "128.0.0.1", "0.0.0.0", "192.168.0.1", "64.0.0.1"} {
		servers = append(servers, ulvs.ServerStatus{Server: ulvs.Server{Addr: netip.AddrPortFrom(netip.MustParseAddr(a), 0)}})
	}
	merge(servers, compareServers)
	var got []string
	for _, s := range servers {
		got = append(got, s.Addr.Addr().String())
	}
	if want := "192.168.0.1 0.0.0.0 10.0.0.1 64.0.0.1 128.0.0.1 240.0.0.1"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

// TestSortStable wants what compares equal to stay as the director had it.
func TestSortStable(t *testing.T) {
	words := []string{"b1", "a1", "b2", "a2", "b3", "a3", "a4"}
	merge(words, func(a, b *string) int { return int((*a)[0]) - int((*b)[0]) })
	if got, want := strings.Join(words, " "), "a1 a2 a3 a4 b1 b2 b3"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
