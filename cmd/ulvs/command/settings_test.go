// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/ctl"
)

// settings is a director that has settings and rules for marks, and no more.
type settings struct {
	ulvs.Director
	sysctls []ulvs.Sysctl
	marks   []ulvs.MarkRule
}

func (s *settings) Info(context.Context) (ulvs.Info, error) { return ulvs.Info{}, nil }
func (s *settings) Sysctls(context.Context) ([]ulvs.Sysctl, error) {
	return slices.Clone(s.sysctls), nil
}
func (s *settings) Marks(context.Context) ([]ulvs.MarkRule, error) { return slices.Clone(s.marks), nil }
func (s *settings) at(r ulvs.MarkRule) int                         { return slices.Index(s.marks, r) }
func (s *settings) Do(_ context.Context, c ulvs.Command) (err error) {
	switch c.Verb {
	case ulvs.SetSysctl:
		i := slices.IndexFunc(s.sysctls, func(x ulvs.Sysctl) bool { return x.Name == c.Sysctl.Name })
		if c.Sysctl.Value == "bad" {
			return fmt.Errorf("%s = %q: want a number: %w", c.Sysctl.Name, c.Sysctl.Value, ulvs.ErrInvalid)
		}
		s.sysctls[i] = c.Sysctl
	case ulvs.AddMark, ulvs.InsertMark:
		if s.at(c.Mark) >= 0 {
			return ulvs.ErrMarkExists
		}
		s.marks = slices.Insert(s.marks, map[ulvs.Verb]int{ulvs.AddMark: len(s.marks)}[c.Verb], c.Mark)
	case ulvs.DeleteMark:
		i := s.at(c.Mark)
		if i < 0 {
			return ulvs.ErrNoMark
		}
		s.marks = slices.Delete(s.marks, i, i+1)
	case ulvs.FlushMarks:
		s.marks = nil
	}
	return nil
}

// answering puts a director behind a socket and names it to all verbs.
func answering(t *testing.T, d ulvs.Director) {
	t.Helper()
	addr := fmt.Sprintf("@ulvs-test-%d-%s", os.Getpid(), t.Name())
	l, err := ctl.Listen(addr)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- ctl.Serve(ctx, l, d, func() any { return nil }) }()
	t.Cleanup(func() { stop(); <-served })
	t.Setenv("ULVS_SOCKET", addr)
}

// typed is what a line of words prints, and what it comes to: "2: text" is an
// exit code and the line on standard error.
func typed(t *testing.T, words ...string) (out, failed string) {
	t.Helper()
	var text strings.Builder
	root := rootCommand()
	root.SetOut(&text)
	root.SetArgs(words)
	err := root.Execute()
	var exit exitError
	switch {
	case errors.As(err, &exit):
		return text.String(), fmt.Sprintf("%d: %v", exit.code, exit.err)
	case err != nil:
		return text.String(), fmt.Sprintf("%d: %v", exitUsage, err)
	}
	return text.String(), ""
}

// TestSysctl types what users of sysctl(8) type.
func TestSysctl(t *testing.T) {
	answering(t, &settings{sysctls: []ulvs.Sysctl{{Name: "conn_reuse_mode", Value: "1"}, {Name: "sync_threshold", Value: "3 50"}}})
	const reuse, sync = "net.ipv4.vs.conn_reuse_mode = ", "net.ipv4.vs.sync_threshold = 3 50\n"
	for _, c := range []struct{ words, out, failed string }{
		{"-a", reuse + "1\n" + sync, ""},
		{"", reuse + "1\n" + sync, ""},
		{"conn_reuse_mode", reuse + "1\n", ""},
		{"-w|net.ipv4.vs.conn_reuse_mode=0", reuse + "0\n", ""},
		{"net/ipv4/vs/conn_reuse_mode", reuse + "0\n", ""},
		{"-n|net.ipv4.vs.conn_reuse_mode|sync_threshold", "0\n3 50\n", ""},
		{"-N|-a", "net.ipv4.vs.conn_reuse_mode\nnet.ipv4.vs.sync_threshold\n", ""},
		{"-q|-w|conn_reuse_mode=2", "", ""},
		{"conn_reuse_mode = 3|sync_threshold", reuse + "3\n" + sync, ""},
		{"--json|conn_reuse_mode", "[\n  {\n    \"name\": \"conn_reuse_mode\",\n    \"value\": \"3\"\n  }\n]\n", ""},
		{"-w|conn_reuse_mode", "", "2: sysctl: -w conn_reuse_mode: want NAME=VALUE"},
		{"-w", "", "2: sysctl: -w: change what? want NAME=VALUE"},
		{"-a|conn_reuse_mode", "", "2: sysctl: -a shows all: conn_reuse_mode cannot stand beside it"},
		{"net.ipv4.ip_forward", "", "2: sysctl net.ipv4.ip_forward: only net.ipv4.vs.* are ulvs's: the others are the kernel's, for sysctl(8)"},
		{"=1", "", `2: sysctl "": its name is missing`},
		{"conn_reuse_mode=", "", "2: sysctl: conn_reuse_mode=: its value is missing"},
		{"conn_reuse|sync_threshold", sync, `1: sysctl: net.ipv4.vs.conn_reuse: there is no such setting here: "ulvs sysctl -a" shows those there are`},
		{"conn_reuse_mode=bad", "", `1: sysctl: conn_reuse_mode = "bad": want a number`},
		{"conn_reuse_mode|=|0", "", "2: sysctl: no spaces around =: write conn_reuse_mode=0"},
		{"-w|conn_reuse_mode=|0", "", "2: sysctl: no spaces around =: write conn_reuse_mode=0"},
		{"conn_reuse_mode|=0", "", "2: sysctl: no spaces around =: write conn_reuse_mode=0"},
		{"-z", "", "2: unknown shorthand flag: 'z' in -z"},
	} {
		words := []string{"sysctl"}
		if c.words != "" {
			words = append(words, strings.Split(c.words, "|")...)
		}
		if out, failed := typed(t, words...); out != c.out || failed != c.failed {
			t.Errorf("ulvs %q: %q, %q; want %q, %q", words, out, failed, c.out, c.failed)
		}
	}
	if out, _ := typed(t, "__complete", "sysctl", "conn"); !strings.HasPrefix(out, "conn_reuse_mode\n") {
		t.Errorf("completes to %s", out)
	}
}

// TestMark goes the way of a rule: added, listed, deleted.
func TestMark(t *testing.T) {
	answering(t, &settings{})
	const rule = "-d 192.168.0.200 -p tcp -m multiport --dports 80,443 -j MARK --set-mark 6666"
	for _, c := range []struct{ words, out, failed string }{
		{"list", "", ""},
		{"list --json", "[]\n", ""},
		{"add -d 192.168.0.200 -p tcp --dports 80,443 --set-mark 6666", "", ""},
		{"add " + rule, "", "1: mark: there is a rule " + rule + " already"},
		{"add --set-mark 5/7", "", ""},
		{"list", "ulvs mark add " + rule + "\nulvs mark add -j MARK --set-mark 5/0x7\n", ""},
		{"del " + rule, "", ""},
		{"del " + rule, "", "1: mark: there is no rule " + rule + `: "ulvs mark list" shows those there are`},
		{"list", "ulvs mark add -j MARK --set-mark 5/0x7\n", ""},
		{"flush", "", ""},
		{"list", "", ""},
		{"add", "", "2: mark add: which mark? --set-mark MARK is missing; see ulvs mark add -h"},
		{"add iptables -t mangle -A PREROUTING -d 192.168.0.200 -p tcp --dport http -j MARK --set-mark 9", "", ""},
		{"add ip6tables -t mangle -I PREROUTING -j MARK --set-mark 8", "", ""},
		{"list", "ulvs mark add -d ::/0 -j MARK --set-mark 8\nulvs mark add -d 192.168.0.200 -p tcp --dport 80 -j MARK --set-mark 9\n", ""},
		{"del iptables -t mangle -D PREROUTING -d 192.168.0.200 -p tcp --dport 80 -j MARK --set-mark 9", "", ""},
		{"del 1", "", `2: mark del: rules are deleted by their words: "ulvs mark list" shows them; see ulvs mark del -h`},
		{"add -A PREROUTING", "", "2: mark add: which mark? --set-mark MARK is missing; see ulvs mark add -h"},
		{"add -i eth0", "", `2: mark add: "-i" is no word for a mark rule: there are -d -s -4 -6 -p -m --dport --dports -j --set-mark --set-xmark; see ulvs mark add -h`},
		{"list extra", "", "2: mark list: it takes no words"},
		{"flush now", "", "2: mark flush: it takes no words"},
		{"del -p icmp", "", "2: mark del: -p icmp: want tcp, udp, sctp or all; see ulvs mark del -h"},
		{"frob", "", `2: there is no "frob": there are add, del, flush, list`},
	} {
		if out, failed := typed(t, append([]string{"mark"}, strings.Fields(c.words)...)...); out != c.out || failed != c.failed {
			t.Errorf("ulvs mark %s: %q, %q; want %q, %q", c.words, out, failed, c.out, c.failed)
		}
	}
	if _, failed := typed(t, "mark", "add", "--socket", "@ulvs-test-nobody", "--set-mark", "1"); !strings.Contains(failed, "no director here: start one with") {
		t.Errorf("a socket of nobody's: %s", failed)
	}
	for _, h := range []string{"-h", "--help"} {
		if out, failed := typed(t, "mark", "add", h); failed != "" || !strings.Contains(out, "--set-mark MARK[/MASK]") {
			t.Errorf("mark add %s: %s, %s", h, out, failed)
		}
	}
}

// TestCompletion wants ipvsadm's words offered behind ours.
func TestCompletion(t *testing.T) {
	out, _ := typed(t, "__complete", "ipvsadm", "-A", "-t", "192.0.2.1:80", "-s", "w")
	if out != "wlc\nwrr\n:4\n" {
		t.Errorf("-s w completes to %q", out)
	}
}
