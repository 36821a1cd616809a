// SPDX-License-Identifier: Apache-2.0

package ulvs

import "fmt"

// ParseMarkCommand reads what stands behind `ulvs mark`, where it changes
// something: add RULE, del RULE, flush. RULE is in the words of ParseMark.
func ParseMarkCommand(args []string) (c Command, err error) {
	if len(args) == 0 {
		return c, fmt.Errorf("mark: what? add, del or flush")
	}
	switch args[0] {
	case "add":
		c.Verb = AddMark
	case "del":
		c.Verb = DeleteMark
	case "flush":
		if len(args) > 1 {
			return c, fmt.Errorf("mark flush: %q: it takes no words", args[1])
		}
		return Command{Verb: FlushMarks}, nil
	default:
		return c, fmt.Errorf("mark: there is no %q: there are add, del, flush", args[0])
	}
	if c.Mark, err = ParseMark(args[1:]); err != nil {
		return c, fmt.Errorf("mark %s: %w", args[0], err)
	}
	return c, nil
}
