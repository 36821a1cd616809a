// SPDX-License-Identifier: Apache-2.0

package ulvs

import "fmt"

// ParseMarkCommand reads what stands behind `ulvs mark`, where it changes
// something: add RULE, del RULE, flush. RULE is in the words of ParseMark, or a
// whole line of iptables or ip6tables, with -A, -I or -D as the verb is.
func (s Services) ParseMarkCommand(args []string) (c Command, err error) {
	switch {
	case len(args) == 0:
		return c, fmt.Errorf("what? add, del or flush")
	case args[0] == "flush" && len(args) > 1:
		return c, fmt.Errorf("%q: it takes no words", args[1])
	case args[0] == "flush":
		return Command{Verb: FlushMarks}, nil
	case args[0] != "add" && args[0] != "del":
		return c, fmt.Errorf("there is no %q: there are add, del, flush", args[0])
	}
	line, err := unpaste(args[1:])
	if err != nil {
		return c, err
	}
	if c.Verb, err = line.verb(args[0]); err != nil {
		return c, err
	}
	c.Mark, err = s.ParseMark(line.rule)
	return c, err
}

// ParseMarkCommand is that of Services that know no names.
func ParseMarkCommand(args []string) (Command, error) { return Services(nil).ParseMarkCommand(args) }
