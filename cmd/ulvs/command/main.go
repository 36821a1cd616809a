// SPDX-License-Identifier: Apache-2.0

// Package command is the command line of ulvs: words in, exit code out, one
// file per verb. A program that adds a scheduler of its own imports it and
// calls Main.
package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/ipvsadm"
	"github.com/ulvs/ulvs/sched"
)

// The exit codes of every verb but ipvsadm, which has ipvsadm's own.
const (
	exitDone  = 0
	exitNo    = 1 // it ran, and the answer is no
	exitUsage = 2
)

// Main runs ulvs with these arguments, the program's name among them, and
// returns its exit code. Under the name of ipvsadm it is ipvsadm.
func Main(args []string) int {
	name := filepath.Base(args[0])
	if strings.HasPrefix(name, "ipvsadm") {
		return ipvsadmMain(args[0], args[1:], os.Stdin, os.Stdout, os.Stderr)
	}
	if code, done := labTool(name, args); done {
		return code
	}
	if len(args) > 1 && args[1] == host.WatchdogVerb {
		return watchdog(args[2:])
	}
	if len(args) > 1 && args[1] == "ipvsadm" {
		return ipvsadmMain("ipvsadm", args[2:], os.Stdin, os.Stdout, os.Stderr)
	}
	return run(args[1:])
}

// watchdog is the child that puts a device's offloads back when a director was
// killed. Nobody types it.
func watchdog(args []string) int {
	if err := host.Watchdog(args); err != nil {
		fmt.Fprintln(os.Stderr, "ulvs: "+err.Error())
		return exitNo
	}
	return exitDone
}

// run carries out one verb.
func run(args []string) int {
	root, out := rootCommand(), &checked{w: os.Stdout}
	root.SetArgs(args)
	root.SetOut(out)
	verb, err := root.ExecuteC()
	if err == nil && out.err != nil {
		err = fail("%s: %w", strings.TrimPrefix(verb.CommandPath(), "ulvs "), out.err)
	}
	var exit exitError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &exit):
		if exit.err != nil {
			complain(exit.err)
		}
		return exit.code
	}
	misused(verb, err)
	return exitUsage
}

// complain tells an error in one line, with what to type as it can be typed here.
func complain(err error) { fmt.Fprintln(os.Stderr, "ulvs "+worded(err)) }

// worded is the text of an error, through paste once: a hinted one has been.
func worded(err error) string {
	if errors.As(err, new(hinted)) {
		return err.Error()
	}
	return paste(err.Error())
}

// An exitError ends the program with a code, and with a line if there is one.
type exitError struct {
	code int
	err  error
}

func (e exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

// fail is a verb's way to say that it ran and could not.
func fail(format string, args ...any) error {
	return exitError{exitNo, fmt.Errorf(format, args...)}
}

// oneLine makes cobra's several lines one.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\t' }), " ")
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "ulvs",
		Short:         "Linux Virtual Server without the kernel module",
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       versionLine(),
	}
	root.SetVersionTemplate("{{.Version}}\n")
	group(root)
	root.AddCommand(runCommand(), statusCommand(), ipvsadmCommand(), markCommand(), sysctlCommand(),
		rsCommand(), labCommand(), versionCommand())
	root.AddCommand(hiddenCommands()...)
	plainUse(root)
	return root
}

// ipvsadmCommand stands in the help; Main hands ipvsadm's own words over
// before the CLI library could touch them.
func ipvsadmCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "ipvsadm ARG...",
		Short:              "ipvsadm, for the director of this network namespace",
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			return exitError{code: ipvsadmMain("ipvsadm", args, os.Stdin, os.Stdout, os.Stderr)}
		},
		ValidArgsFunction: func(_ *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
			return ipvsadm.Complete(args, prefix, sched.Names()), cobra.ShellCompDirectiveNoFileComp
		},
	}
}
