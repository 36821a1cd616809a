// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ulvs/ulvs"
)

// maxLine is the longest line of a restore, in bytes.
const maxLine = 1 << 20

// A scriptLine is a line of a restore as it was read.
type scriptLine struct {
	number int // from 1; 0: it is no line of the input
	text   string
	line   Line
	err    error // why it is none
}

// own reports whether the line is ulvs's own, which the original does not know.
func (l scriptLine) own() bool {
	words := wordsOf(strings.TrimPrefix(l.text, "#"))
	return len(words) > 0 && words[0] == "ulvs"
}

// place says where the line stands, if it is our own. The original says of its
// lines what is wrong, and no more.
func (l scriptLine) place(program string, err error) error {
	if err == nil || !l.own() {
		return err
	}
	return &Error{Text: fmt.Sprintf("%s: line %d: %s: %v", program, l.number, l.text, err), Code: 255}
}

// A restorer carries out the lines of a restore. Lines that change something
// and follow each other go to the director together, so that the data path
// sees them at once; any other line comes after all those before it.
type restorer struct {
	*session
	lines    *bufio.Scanner
	comments bool       // lines that begin with '#' are, unless they are our own
	last     scriptLine // the line that was read last
	code     int        // what the last line came to
}

// restore carries out the lines of in, and returns what the last one came to.
func (s *session) restore(in io.Reader) int {
	r := s.restorer(in)
	return r.all(r.next())
}

func (s *session) restorer(in io.Reader) *restorer {
	r := &restorer{session: s, lines: bufio.NewScanner(in)}
	r.lines.Buffer(nil, maxLine)
	return r
}

// all carries out the line that was read, and all that follow it.
func (r *restorer) all(more bool) int {
	for more {
		var ends bool
		if more, ends = r.step(); ends {
			return r.code
		}
	}
	if err := r.lines.Err(); err != nil {
		return r.fail(usage("read the lines to restore: %v", err))
	}
	return r.code
}

// next reads the next line that is not empty.
func (r *restorer) next() bool {
	for r.lines.Scan() {
		l := scriptLine{number: r.last.number + 1, text: r.lines.Text()}
		r.last = l
		args := wordsOf(l.text)
		if r.comments && strings.HasPrefix(l.text, "#") {
			if args = wordsOf(l.text[1:]); !strings.HasPrefix(l.text, ownPrefix) {
				continue
			}
		}
		if len(args) > 0 {
			l.line, l.err = r.Names.parseRule(args)
			if l.err == nil && l.line.Action == Restore {
				l.err = errTry // a restore does not restore
			}
			r.last = l
			return true
		}
	}
	return false
}

// step carries out the line that was read, and reads on. It tells whether
// there is more, and whether the restore ends here all the same.
func (r *restorer) step() (more, ends bool) {
	l := r.last
	if l.err == nil && l.line.Action == Change {
		return r.apply()
	}
	err := l.place(r.called(), l.err)
	if err == nil {
		err = r.do(l.line)
	}
	r.code = r.fail(err)
	if l.line.Action == Help || l.line.Action == Version {
		return false, true
	}
	if e := (*Error)(nil); errors.As(err, &e) && e.Ends {
		return false, true
	}
	return r.next(), false
}

// apply carries out the line that was read and all changes that follow it.
func (r *restorer) apply() (more, ends bool) {
	var sent []scriptLine
	lines := func(yield func(ulvs.Command) bool) {
		for more = true; more && r.last.err == nil && r.last.line.Action == Change; more = r.next() {
			sent = append(sent, r.last)
			if !yield(r.last.line.Command) {
				return
			}
		}
	}
	report := func(line int, err error) error {
		if err != nil {
			l := sent[line-1]
			err = l.place(r.called(), refused(l.line.Command.Verb, err))
		}
		r.code = r.fail(err)
		return nil
	}
	if err := r.director.Apply(r.ctx, lines, report); err != nil {
		r.code = r.fail(fmt.Errorf("restore: %w", err))
		return false, true
	}
	return more, false
}
