// SPDX-License-Identifier: Apache-2.0

package play

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A Lesson is a text that has been read and can be played, any number of times.
type Lesson struct {
	Name       string // of its file, for messages
	About      string // the comment it begins with
	MemoryOnly string // why only memory plays it; empty: all do
	UlvsOnly   string // why the kernel cannot play it; empty: it can
	steps      []step
}

// A step is one line that does or claims something.
type step struct {
	line    int
	text    string
	differs string // why the kernel does otherwise; empty: it does not
	act     act
}

// An act is what a line does. Its error says what was wanted and what came.
type act interface{ play(*player) error }

// verbs read the rest of a line, by its first word.
var verbs = map[string]func(line string) (act, error){
	"ipvsadm":         readCommand,
	"ipvsadm-save":    readCommand,
	"ipvsadm-restore": readCommand,
	"sysctl":          readCommand,
	"iptables":        readCommand,
	"ip6tables":       readCommand,
	"ulvs":            readCommand,
	"in":              readArrival,
	"also":            readFollower,
	"out":             readDeparture,
	"silent":          readSilence,
	"drop":            readDrop,
	"pass":            readPass,
	"wait":            readWait,
}

// Read reads a lesson; name is what its errors call it.
func Read(name string, r io.Reader) (*Lesson, error) {
	l := &Lesson{Name: name}
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		if err := l.add(n, lines.Text()); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	if l.About == "" {
		return nil, fmt.Errorf("%s:1: a lesson begins with a # comment that says what it teaches", name)
	}
	return l, nil
}

// ReadFile reads the lesson in a file.
func ReadFile(file string) (*Lesson, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Read(filepath.Base(file), f)
}

// Waits is how long the lesson waits in all.
func (l *Lesson) Waits() (sum time.Duration) {
	for _, s := range l.steps {
		if w, ok := s.act.(*pause); ok {
			sum += w.time
		}
	}
	return sum
}

// add reads one line.
func (l *Lesson) add(n int, line string) error {
	text := strings.TrimSpace(line)
	word, rest, _ := strings.Cut(text, " ")
	switch {
	case text == "":
	case word[0] == '#':
		if len(l.steps) == 0 {
			l.About += strings.TrimPrefix(text[1:], " ") + "\n"
		}
	case word == "memory" && strings.HasPrefix(rest, "only: "):
		l.MemoryOnly = strings.TrimPrefix(rest, "only: ")
	case word == "ulvs" && strings.HasPrefix(rest, "only: "):
		l.UlvsOnly = strings.TrimPrefix(rest, "only: ")
	case word == "|" || word == "<":
		return l.attach(word, text[1:])
	case word == "differs":
		return l.differ(rest)
	default:
		return l.append(n, word, text)
	}
	return nil
}

func (l *Lesson) append(n int, word, text string) error {
	read := verbs[word]
	if read == nil {
		return fmt.Errorf("%q begins no line of a lesson: want ipvsadm, sysctl, iptables, ip6tables, ulvs mark, in, also, out, silent, drop, pass, wait, differs, |, < or #", word)
	}
	if strings.Contains(text, "$") {
		read = readNamed
	}
	a, err := read(text)
	if err != nil {
		return err
	}
	if _, ok := a.(*follower); ok && !l.arrives() {
		return errors.New("also stands under an in line")
	}
	l.steps = append(l.steps, step{line: n, text: text, act: a})
	return nil
}

// arrives reports whether the last step so far is a packet that arrives.
func (l *Lesson) arrives() bool {
	if len(l.steps) == 0 {
		return false
	}
	switch l.steps[len(l.steps)-1].act.(type) {
	case *arrival, *follower:
		return true
	}
	return false
}

// attach gives a line of input or output to the command above it.
func (l *Lesson) attach(mark, line string) error {
	if len(l.steps) > 0 {
		if c, ok := l.steps[len(l.steps)-1].act.(*command); ok {
			c.attach(mark, strings.TrimPrefix(line, " "))
			return nil
		}
	}
	return fmt.Errorf("a line with %s belongs under an ipvsadm line", mark)
}

func (l *Lesson) differ(reason string) error {
	if len(l.steps) == 0 || reason == "" {
		return errors.New("differs stands under the line that the kernel contradicts, and says why")
	}
	l.steps[len(l.steps)-1].differs = reason
	return nil
}
