// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// saveScript is ipvsadm-save: only -n means something to it.
func (s *session) saveScript(args []string) int {
	l := Line{Action: Save}
	for _, a := range args {
		switch {
		case a == "-n":
			l.Numeric = true
		case strings.HasPrefix(a, "-"):
			fmt.Fprint(s.Err, "ipvsadm-save: write the IPVS table to standard output.\n"+
				"   -n: addresses and ports as numbers.\n")
			return 1
		}
	}
	err := s.do(l)
	if err == nil {
		err = listing(saveMarks(s.ctx, s.director, s.out))
	}
	return s.fail(err)
}

// restoreScript is ipvsadm-restore: it flushes the table, and leaves out the
// lines that begin with '#' and are not ulvs's own. The flush is the first line of the restore, so
// that the data path sees the old table or the new, and nothing between.
func (s *session) restoreScript() int {
	return s.restore(io.MultiReader(strings.NewReader("-C\n"), &uncommented{in: bufio.NewReader(s.In)}))
}

// uncommented reads what is left of in without the lines that begin with '#'; of
// those that begin with ownPrefix it drops the '#'.
type uncommented struct {
	in   *bufio.Reader
	rest string // of the line that is being read
}

// Read hands out the lines piece by piece.
func (u *uncommented) Read(b []byte) (int, error) {
	for u.rest == "" {
		line, err := u.in.ReadString('\n')
		if strings.HasPrefix(line, ownPrefix) {
			line = line[1:]
		}
		if !strings.HasPrefix(line, "#") {
			u.rest = line
		}
		if err != nil && u.rest == "" {
			return 0, err
		}
	}
	n := copy(b, u.rest)
	u.rest = u.rest[n:]
	return n, nil
}
