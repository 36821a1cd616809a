// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/ulvs/ulvs"
)

// maxLine is the longest line of a restore, in bytes.
const maxLine = 1 << 20

// A restorer carries out the lines of a restore. Lines that change something
// and follow each other go to the director together, so that the data path
// sees them at once; any other line comes after all those before it.
type restorer struct {
	*session
	lines *bufio.Scanner
	line  Line  // the line that was read last
	err   error // why it is none
	code  int   // what the last line came to
}

// restore carries out the lines of in, and returns what the last one came to.
func (s *session) restore(in io.Reader) int {
	r := restorer{session: s, lines: bufio.NewScanner(in)}
	r.lines.Buffer(nil, maxLine)
	for more := r.next(); more; {
		var ends bool
		if more, ends = r.step(); ends {
			return r.code
		}
	}
	if err := r.lines.Err(); err != nil {
		return s.fail(usage("read the lines to restore: %v", err))
	}
	return r.code
}

// next reads the next line that is not empty.
func (r *restorer) next() bool {
	for r.lines.Scan() {
		if args := wordsOf(r.lines.Text()); len(args) > 0 {
			r.line, r.err = r.Names.parseRule(args)
			if r.err == nil && r.line.Action == Restore {
				r.err = errTry // a restore does not restore
			}
			return true
		}
	}
	return false
}

// step carries out the line that was read, and reads on. It tells whether
// there is more, and whether the restore ends here all the same.
func (r *restorer) step() (more, ends bool) {
	if r.err == nil && r.line.Action == Change {
		return r.apply()
	}
	err := r.err
	if err == nil {
		err = r.do(r.line)
	}
	r.code = r.fail(err)
	if r.line.Action == Help || r.line.Action == Version {
		return false, true
	}
	if e := (*Error)(nil); errors.As(err, &e) && e.Ends {
		return false, true
	}
	return r.next(), false
}

// apply carries out the line that was read and all changes that follow it.
func (r *restorer) apply() (more, ends bool) {
	var sent []ulvs.Command
	lines := func(yield func(ulvs.Command) bool) {
		for more = true; more && r.err == nil && r.line.Action == Change; more = r.next() {
			sent = append(sent, r.line.Command)
			if !yield(r.line.Command) {
				return
			}
		}
	}
	report := func(line int, err error) error {
		if err != nil {
			err = refused(sent[line-1].Verb, err)
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
