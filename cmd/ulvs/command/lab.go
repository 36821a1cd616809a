// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/lab"
	"github.com/ulvs/ulvs/lab/iptables"
	"github.com/ulvs/ulvs/lab/server"
	"github.com/ulvs/ulvs/lab/tool"
)

func labCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "lab",
		Short: "networks to play LVS in: hosts, wires and real servers",
		Long: `Networks to play LVS in: real network namespaces with hosts, wires and real
servers, made by this binary alone, as root or as an ordinary user. What is
typed in a host changes its own /etc, /run and /var, never the machine's.`,
		Example: "  ulvs lab up nat\n  ulvs lab curl -n 10\n  ulvs lab sh lvs\n  ulvs lab down",

		PersistentPreRunE: func(*cobra.Command, []string) error { return outside() },
	}
	group(c)
	c.AddCommand(labUp(), labDown(), labList(), labShell(), labExec(), labCurl())
	return c
}

// outside refuses to make a lab inside a lab, which nobody means.
func outside() error {
	if place, inside := lab.Here(); inside {
		return fail("lab: you are on %s, inside lab %s: exit first", place.Host, place.Lab)
	}
	return nil
}

// hiddenCommands are the parts of a lab that are this binary too. Nobody types them.
func hiddenCommands() []*cobra.Command {
	part := func(verb string, do func([]string) int) *cobra.Command {
		return &cobra.Command{
			Use: verb, Hidden: true, DisableFlagParsing: true,
			RunE: func(_ *cobra.Command, args []string) error { return exitError{code: do(args)} },
		}
	}
	return []*cobra.Command{
		part(lab.KeeperVerb, func([]string) int { return lab.Keeper() }),
		part(lab.AgentVerb, func([]string) int { return lab.Agent() }),
		part(lab.ServerVerb, server.Main),
	}
}

// labTool is the program of a lab's host that goes by this name, if it is one.
func labTool(name string, args []string) (code int, done bool) {
	if !slices.Contains(iptables.Names, name) {
		return tool.Main(name, args[1:])
	}
	director := func() (ulvs.Director, error) {
		c, err := dial("")
		if err != nil {
			return nil, err // not c: a nil *Client is no nil Director
		}
		return c, nil
	}
	return iptables.Program{Name: name, Dial: director, Out: os.Stdout, Err: os.Stderr}.Main(args[1:]), true
}

func labUp() *cobra.Command {
	return &cobra.Command{
		Use:   "up NAME",
		Short: "build a lab, and start a director and real servers in it",
		Long: `Builds a lab, and starts a director and real servers in it. One user has one
lab at a time. NAME is one of:

` + perLab(func(p lab.Plan) string { return p.About }),
		Args: onlyArgs("lab up", "which lab: ulvs lab list", 1),
		RunE: func(c *cobra.Command, args []string) error {
			p, err := lab.Find(args[0])
			if err != nil {
				return usage("lab up: %w: ulvs lab list", err)
			}
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP)
			defer stop()
			l, err := lab.Up(ctx, p, lab.Options{Dir: lab.Dir(), Tools: tool.Always, Spares: slices.Concat(tool.Spares, iptables.Names)})
			if err != nil {
				return fail("lab up: %w", err)
			}
			if err := l.Plan.Welcome(c.OutOrStdout(), paste); err != nil {
				return fail("lab up: %w", err)
			}
			return nil
		},
	}
}

// perLab is a line a lab, for help.
func perLab(tell func(lab.Plan) string) string {
	var lines []string
	for _, p := range lab.Plans() {
		lines = append(lines, fmt.Sprintf("  %-8s %s", p.Name, tell(p)))
	}
	return strings.Join(lines, "\n")
}

func hostsHelp() string {
	return "HOST is, in lab\n\n" + perLab(func(p lab.Plan) string { return strings.Join(p.Names(), ", ") })
}

func labDown() *cobra.Command {
	return &cobra.Command{
		Use:   "down",
		Short: "take the lab down; nothing of it stays",
		Args:  onlyArgs("lab down", "it takes no words: there is one lab at a time", 0),
		RunE: func(c *cobra.Command, _ []string) error {
			name, found, err := lab.Down(lab.Dir())
			switch {
			case err != nil:
				return fail("lab down: %w", err)
			case !found:
				fmt.Fprintln(c.OutOrStdout(), "no lab was up")
			case name == "":
				fmt.Fprintln(c.OutOrStdout(), "what was left of a lab is gone")
			default:
				fmt.Fprintf(c.OutOrStdout(), "lab %s is down\n", name)
			}
			return nil
		},
	}
}

// A labLine is a lab as `lab list` tells of it.
type labLine struct {
	Name  string   `json:"name"`
	About string   `json:"about"`
	Hosts []string `json:"hosts"`
	Up    bool     `json:"up"`
}

func labList() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "list",
		Short: "which labs there are, and which is up",
		Args:  onlyArgs("lab list", "it takes no words", 0),
		RunE: func(c *cobra.Command, _ []string) error {
			up, err := lab.Open(lab.Dir())
			if err != nil && !errors.Is(err, lab.ErrNone) {
				return fail("lab list: %w", err)
			}
			return showLabs(c.OutOrStdout(), up, asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

// showLabs lists all labs; up may be nil.
func showLabs(w io.Writer, up *lab.Lab, asJSON bool) error {
	var lines []labLine
	for _, p := range lab.Plans() {
		lines = append(lines, labLine{p.Name, p.About, p.Names(), up != nil && up.Plan.Name == p.Name})
	}
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(lines)
	}
	for _, l := range lines {
		state := "    "
		if l.Up {
			state = "up  "
		}
		fmt.Fprintf(w, "%-8s %s %s\n", l.Name, state, l.About)
	}
	return nil
}

func labShell() *cobra.Command {
	return &cobra.Command{
		Use:   "sh HOST",
		Short: "a shell on a host",
		Long:  "A shell on a host.\n\n" + hostsHelp(),
		Args:  onlyArgs("lab sh", "on which host: ulvs lab sh lvs", 1),
		RunE: func(c *cobra.Command, args []string) error {
			return inLab(c.Context(), "sh", func(ctx context.Context, l *lab.Lab) (int, error) {
				return runIn(ctx, l, args[0], lab.Shell(onTerminal()))
			})
		},
	}
}

func labExec() *cobra.Command {
	c := &cobra.Command{
		Use:   "exec HOST -- COMMAND [ARG...]",
		Short: "a command on a host; its exit code is ours",
		Long:  "A command on a host; its exit code is ours.\n\n" + hostsHelp(),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) > 1 && args[1] == "--" {
				args = slices.Delete(args, 1, 2)
			}
			if len(args) < 2 {
				return usage("lab exec: on which host, and what: ulvs lab exec lvs -- ipvsadm -Ln")
			}
			return inLab(c.Context(), "exec", func(ctx context.Context, l *lab.Lab) (int, error) {
				return runIn(ctx, l, args[0], lab.Program{Args: args[1:]})
			})
		},
	}
	c.Flags().SetInterspersed(false) // the command's flags are its own
	return c
}

// inLab does something in the lab that is up, and exits with its code.
func inLab(ctx context.Context, verb string, do func(context.Context, *lab.Lab) (int, error)) error {
	l, err := lab.Open(lab.Dir())
	if err != nil {
		return fail("lab %s: %w", verb, err)
	}
	code, err := do(ctx, l)
	switch {
	case errors.Is(err, lab.ErrNoHost):
		return usage("lab %s: %w", verb, err)
	case err != nil && code != 0:
		return exitError{code, fmt.Errorf("lab %s: %w", verb, err)}
	case err != nil:
		return fail("lab %s: %w", verb, err)
	case code != 0:
		return exitError{code: code}
	}
	return nil
}

// runIn runs a program on a host: on a terminal of its own if we are on one,
// so that it can be an editor or a pager.
func runIn(ctx context.Context, l *lab.Lab, host string, p lab.Program) (int, error) {
	if onTerminal() {
		return l.Interact(ctx, host, p)
	}
	p.In, p.Out, p.Err = os.Stdin, os.Stdout, os.Stderr
	return l.Run(ctx, host, p)
}

func onTerminal() bool { return term.IsTerminal(0) && term.IsTerminal(1) }

// onlyArgs wants n words, and says in one line what they are.
func onlyArgs(verb, want string, n int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usage("%s: %s", verb, want)
		}
		return nil
	}
}
