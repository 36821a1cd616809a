// SPDX-License-Identifier: Apache-2.0

package command

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/ipvsadm"
)

// A rule is a line of a rules file.
type rule struct {
	line    int
	text    string
	command ulvs.Command
}

// restore begins with the rules of a file. The director does not start with a
// part of them: the first line that is refused is the answer.
func restore(ctx context.Context, d ulvs.Director, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return fmt.Errorf("read the rules: %w", err)
	}
	defer f.Close()
	rules, err := readRules(f)
	if err != nil {
		return fmt.Errorf("read the rules: %s: %w", name, err)
	}
	commands := make([]ulvs.Command, len(rules))
	for i, r := range rules {
		commands[i] = r.command
	}
	return d.Apply(ctx, slices.Values(commands), func(i int, err error) error {
		if err == nil {
			return nil
		}
		r := rules[i-1]
		return fmt.Errorf("apply the rules: %s, line %d: %s: %w: mend the line, and start again", name, r.line, r.text, err)
	})
}

// readRules reads what ipvsadm-save writes: a command a line, with or without
// the word ipvsadm before it. Empty lines and lines that begin with # say
// nothing, but for those that begin with #ulvs.
func readRules(f io.Reader) (rules []rule, err error) {
	names, lines := systemNames(), bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		l, said, err := names.ParseRule(text)
		var refused *ipvsadm.Error
		switch {
		case !said:
			continue
		case errors.As(err, &refused):
			return nil, fmt.Errorf("line %d: %s: %s", n, text, refused.Text)
		case err != nil:
			return nil, fmt.Errorf("line %d: %s: %w", n, text, err)
		case l.Action != ipvsadm.Change:
			return nil, fmt.Errorf("line %d: %s: only lines that add, edit or delete make rules", n, text)
		}
		rules = append(rules, rule{n, text, l.Command})
	}
	return rules, lines.Err()
}
