// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"fmt"
	"strings"

	"github.com/ulvs/ulvs"
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
// lines that begin with '#' and are not ulvs's own. The flush goes before the
// first line, so that the data path sees the old table or the new, and nothing
// between.
func (s *session) restoreScript() int {
	r := s.restorer(s.In)
	r.comments = true
	r.last.line = Line{Command: ulvs.Command{Verb: ulvs.Flush}}
	return r.all(true)
}
