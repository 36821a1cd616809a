// SPDX-License-Identifier: Apache-2.0

package command

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// misused tells a usage error of the CLI library in one line, as every error:
// which verb, what is wrong, and where to read on.
func misused(c *cobra.Command, err error) {
	path := c.CommandPath()
	what := strings.TrimSuffix(oneLine(err.Error()), fmt.Sprintf(" for %q", path))
	fmt.Fprintf(os.Stderr, "%s: %s; see %s%s -h\n", path, what, how(), strings.TrimPrefix(path, "ulvs"))
}

// group makes a verb that only has verbs below it: alone it is its help, and a
// word that it does not know gets the list of those it does.
func group(c *cobra.Command) {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		if args[0] == "help" {
			below, _, err := c.Find(args[1:])
			if err != nil {
				return err
			}
			return below.Help()
		}
		return fmt.Errorf("there is no %q: there are %s", args[0], strings.Join(verbs(c), ", "))
	}
}

// verbs are the names of what is below a verb.
func verbs(c *cobra.Command) (names []string) {
	for _, below := range c.Commands() {
		if below.IsAvailableCommand() {
			names = append(names, below.Name())
		}
	}
	return names
}

// plainUse writes [flags] only where there are some besides -h.
func plainUse(c *cobra.Command) {
	c.DisableFlagsInUseLine = !c.LocalFlags().HasFlags()
	for _, below := range c.Commands() {
		plainUse(below)
	}
}

// A checked writer remembers that it could not write, for those who do not ask.
type checked struct {
	w   io.Writer
	err error // the first
}

// Write passes on what can be.
func (c *checked) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	if c.err == nil {
		c.err = err
	}
	return n, err
}
