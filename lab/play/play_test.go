// SPDX-License-Identifier: Apache-2.0

package play

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files are the lessons.
func files(t testing.TB) []string {
	t.Helper()
	all, err := filepath.Glob("../lessons/*.txt")
	if err != nil || len(all) == 0 {
		t.Fatalf("no lessons: %v", err)
	}
	return all
}

// hold tells a test how a lesson went on a player.
func hold(t *testing.T, player string, err error) {
	t.Helper()
	if errors.Is(err, ErrElsewhere) {
		score.skip(player, err.Error())
		t.Skip(err)
	}
	score.played(player)
	if err != nil {
		score.differ()
		t.Error(err)
	}
}

// TestLinked: a lesson that no page leads to is not read.
func TestLinked(t *testing.T) {
	page, err := os.ReadFile("../../docs/lessons.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files(t) {
		if link := "(../lab/lessons/" + filepath.Base(file) + ")"; !strings.Contains(string(page), link) {
			t.Errorf("docs/lessons.md has no link %s", link)
		}
	}
}

const web = "# Web.\nipvsadm -A -t 192.0.2.1:80 -s rr\nipvsadm -a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m\n"

// TestWrongLessons: a claim that does not hold is found, and told so that one
// can see why.
func TestWrongLessons(t *testing.T) {
	const syn = "in 198.51.100.7:1 > 192.0.2.1:80 tcp S\n"
	const out = "out 198.51.100.7:1 > 10.0.0.1:8080 tcp S"
	for _, c := range []struct{ lesson, want string }{
		{web + syn + out + " ttl 64", "came:   198.51.100.7:1 > 10.0.0.1:8080 tcp S ttl 63  [eth1, to 10.0.0.1]"},
		{web + syn + out + "A", "wrong.txt:5: out 198.51.100.7:1 > 10.0.0.1:8080 tcp SA"},
		{web + syn + out + " via 10.0.0.2", "[eth1, to 10.0.0.2]"},
		{web + syn + out + " seq 1", "wanted:"},
		{web + syn + out + ` data "x"`, "wanted:"},
		{web + syn + "out 198.51.100.7:1 > 10.0.0.1:8080 udp", "wanted:"},
		{web + syn + out + " [mss 1460]", "wanted:"},
		{web + strings.Replace(syn, "S", "S ttl 1", 1) + "out 192.0.2.1 > 198.51.100.7 icmp time-exceeded { 198.51.100.7:1 > 192.0.2.1:81 tcp S }", "192.0.2.1:80 tcp S ttl 1 }"},
		{web + strings.Replace(syn, "S", "S ttl 1", 1) + "out 192.0.2.1 > 198.51.100.7 icmp host-unreachable", "came:   192.0.2.1 > 198.51.100.7 icmp time-exceeded"},
		{web + syn, "at the end, played in memory:\n  no line claims what left"},
		{web + syn + syn + out, "wrong.txt:5:"},
		{web + syn + out + "\nsilent\n" + out, "came:   nothing"},
		{web + syn + "silent", "wanted: nothing leaves"},
		{web + syn + out + "\ndrop stray", "counted: map[]"},
		{web + syn + "pass", "wanted: 1 × not ours"},
		{web + "in 198.51.100.7:1 > 192.0.2.1:80 tcp A\nsilent", "192.0.2.1:80 > 198.51.100.7:1 tcp R df"},
		{web + "in 198.51.100.7:1 > 192.0.2.1:80 tcp R\ndrop no route", "counted: map[stray:1]"},
		{web + "ipvsadm -A -t 192.0.2.1:80 -s rr", `came:   255, saying "Service already exists`},
		{web + "ipvsadm -A -t 192.0.2.2:80 => 1", "wanted: exit code 1"},
		{web + "ipvsadm -S -n\n  | -A -t 192.0.2.1:80 -s rr", "    -a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 1\n"},
	} {
		err := Memory(t.Context(), lesson(t, c.lesson))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\ngave %v\nwanted %q in it", c.lesson, err, c.want)
		}
	}
}

func lesson(t *testing.T, text string) *Lesson {
	t.Helper()
	l, err := Read("wrong.txt", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// TestUnreadable: what is no lesson is refused with the line and the reason.
func TestUnreadable(t *testing.T) {
	for text, want := range map[string]string{
		"":                                   "bad.txt:1: a lesson begins with a # comment",
		"ipvsadm -L":                         "bad.txt:1:",
		"# a\nwhistle":                       `bad.txt:2: "whistle" begins no line`,
		"# a\nin 1.2.3.4 > nobody tcp":       "bad.txt:2:",
		"# a\nout 1.2.3.4:1 > 1.2.3.4:2":     "bad.txt:2:",
		"# a\nout 1.2.3.4 > 5.6.7.8 udp via": "bad.txt:2:",
		"# a\nout 1.2.3.4:5 > 5.6.7.8:9 udp vlan 7": "an out line cannot claim vlan",
		"# a\n  | text":                       "belongs under an ipvsadm line",
		"# a\nsilent\n  < text":               "belongs under an ipvsadm line",
		"# a\ndiffers just so":                "differs stands under",
		"# a\nsilent\ndiffers":                "differs stands under",
		"# a\nalso 1.2.3.4:5 > 5.6.7.8:9 udp": "also stands under an in line",
		"# a\nwait long":                      "wait wants a duration",
		"# a\nwait -1s":                       "wait wants a duration",
		"# a\ndrop it":                        "no such reason",
		"# a\nipvsadm -C => soon":             "wants an exit code",
		"# a\nsilent please":                  "silent stands alone",
		"# a\npass on":                        "pass stands alone",
	} {
		if _, err := Read("bad.txt", strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gave %v, wanted %q in it", text, err, want)
		}
	}
}

// TestEveryClaimCounts: a lesson of ours without one of its out lines does not
// hold any more, so none of them is idle.
func TestEveryClaimCounts(t *testing.T) {
	for _, file := range files(t) {
		l, err := ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range l.steps {
			if _, ok := s.act.(*departure); !ok || afterPass(l.steps[:i]) {
				continue
			}
			less := *l
			less.steps = append(append([]step(nil), l.steps[:i]...), l.steps[i+1:]...)
			if Memory(t.Context(), &less) == nil {
				t.Errorf("%s:%d: the lesson holds without this line: %s", l.Name, s.line, s.text)
			}
		}
	}
}

// afterPass reports whether what comes next is the host's answer, which is not
// played in memory.
func afterPass(steps []step) bool {
	for i := len(steps) - 1; i >= 0; i-- {
		switch steps[i].act.(type) {
		case pass:
			return true
		case *departure:
		default:
			return false
		}
	}
	return false
}

// TestDiffers: where a lesson says that the kernel differs, the kernel must.
func TestDiffers(t *testing.T) {
	const text = web + "in 198.51.100.7:1 > 192.0.2.1:80 tcp S\nout 198.51.100.7:1 > 10.0.0.1:8080 tcp S\ndiffers for a test\n"
	m, err := newMemory()
	if err != nil {
		t.Fatal(err)
	}
	err = lesson(t, text).Play(t.Context(), truth{m})
	if err == nil || !strings.Contains(err.Error(), `the kernel does so too`) {
		t.Errorf("a difference that is none: %v", err)
	}
	if m, err = newMemory(); err != nil {
		t.Fatal(err)
	}
	if err := lesson(t, strings.Replace(text, "8080 tcp", "8081 tcp", 1)).Play(t.Context(), truth{m}); err != nil {
		t.Errorf("a difference that is one: %v", err)
	}
}

// truth is memory in the kernel's place.
type truth struct{ *memory }

func (truth) Traits() Traits { return Traits{Name: "on a kernel", Virtual: true, Truth: true} }

// BenchmarkMemory is what one lesson costs in memory.
func BenchmarkMemory(b *testing.B) {
	l, err := ReadFile("../lessons/nat.txt")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := Memory(b.Context(), l); err != nil {
			b.Fatal(err)
		}
	}
}
