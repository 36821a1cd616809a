// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/ulvs/ulvs"
)

// A rules file is what ipvsadm-save writes. What ulvs has and ipvsadm lacks
// stands in it as lines that begin with ownPrefix: the original's
// ipvsadm-restore takes them for comments.
//
//	#ulvs mark flush
//	#ulvs mark add -d 192.168.0.200 -p tcp --dport 80 -j MARK --set-mark 6666
const ownPrefix = "#ulvs "

// ParseRule understands a line of a rules file. said is false if it says
// nothing: it is empty, or a comment.
func (n Names) ParseRule(text string) (l Line, said bool, err error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, ownPrefix) {
		text = text[1:]
	}
	args := wordsOf(text)
	if len(args) == 0 || strings.HasPrefix(text, "#") {
		return Line{}, false, nil
	}
	l, err = n.parseRule(args)
	return l, true, err
}

// parseRule understands a line of a restore: ipvsadm's words, or `ulvs mark …`.
func (n Names) parseRule(args []string) (Line, error) {
	if args[0] != "ulvs" {
		return n.Parse(args)
	}
	if len(args) < 2 || args[1] != "mark" {
		return Line{}, usage("of ulvs's own verbs only mark can be among rules")
	}
	c, err := ulvs.Services(n.portOf).ParseMarkCommand(args[2:])
	if err != nil {
		return Line{}, usage("%v", err)
	}
	return Line{Command: c}, nil
}

// ownWords is the inverse of parseRule for what is ulvs's own; "" for others.
func ownWords(c ulvs.Command) string {
	switch c.Verb {
	case ulvs.AddMark:
		return "ulvs mark add " + c.Mark.String()
	case ulvs.InsertMark:
		return "ulvs mark add -I PREROUTING " + c.Mark.String()
	case ulvs.DeleteMark:
		return "ulvs mark del " + c.Mark.String()
	case ulvs.FlushMarks:
		return "ulvs mark flush"
	}
	return ""
}

// saveMarks writes the rules for marks, if there are any. Where there are none
// those of another day are left alone by a restore.
func saveMarks(ctx context.Context, d ulvs.Director, w io.Writer) error {
	marks, err := d.Marks(ctx)
	if len(marks) > 0 {
		fmt.Fprintln(w, "#"+ownWords(ulvs.Command{Verb: ulvs.FlushMarks}))
	}
	for _, r := range marks {
		fmt.Fprintln(w, "#"+ownWords(ulvs.Command{Verb: ulvs.AddMark, Mark: r}))
	}
	return err
}
