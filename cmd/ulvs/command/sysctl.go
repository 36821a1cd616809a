// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ulvs/ulvs"
)

// sysctlOptions are what `ulvs sysctl` was told besides names.
type sysctlOptions struct {
	socket             string
	all, write, asJSON bool
	bare, names, quiet bool
}

func sysctlCommand() *cobra.Command {
	var o sysctlOptions
	c := &cobra.Command{
		Use:   "sysctl [-a] [-w] [NAME[=VALUE]]...",
		Short: "show and change the settings net.ipv4.vs of the director",
		Long: `Show and change the settings that the kernel's IPVS has as net.ipv4.vs, with
the same names and meaning, as sysctl(8) does: NAME shows one, NAME=VALUE
changes one, -a or no name at all shows all. The prefix net.ipv4.vs. may be
left out, and slashes are dots. They last as long as the director.`,
		Example: "  ulvs sysctl net.ipv4.vs.conn_reuse_mode\n  ulvs sysctl -w conn_reuse_mode=0",
		RunE: func(c *cobra.Command, args []string) error {
			return o.run(c.Context(), c.OutOrStdout(), args)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return o.known(), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
		},
	}
	f := c.Flags()
	f.StringVar(&o.socket, "socket", "", "control socket (default $ULVS_SOCKET, else @ulvs)")
	f.BoolVarP(&o.all, "all", "a", false, "show all there are")
	f.BoolVarP(&o.write, "write", "w", false, "change: each word must be NAME=VALUE")
	f.BoolVarP(&o.bare, "values", "n", false, "show values only")
	f.BoolVarP(&o.names, "names", "N", false, "show names only")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "do not show what was changed")
	f.BoolVar(&o.asJSON, "json", false, "as JSON")
	return c
}

// known are the names there are; none where no director answers.
func (o *sysctlOptions) known() (names []string) {
	d, err := dial(o.socket)
	if err != nil {
		return nil
	}
	all, err := d.Sysctls(context.Background())
	if err != nil {
		return nil
	}
	for _, s := range all {
		names = append(names, s.Name)
	}
	return names
}

// run shows and changes what the words name, each for itself: one that fails
// does not keep the others from being done, as in sysctl(8).
func (o *sysctlOptions) run(ctx context.Context, w io.Writer, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	d, err := dial(o.socket)
	if err != nil {
		return fail("sysctl: %w", err)
	}
	shown, failed, err := o.carryOut(ctx, d, args)
	if err != nil {
		return err
	}
	if err := o.show(w, shown); err != nil || len(failed) == 0 {
		return err
	}
	for _, err := range failed[:len(failed)-1] {
		complain(err)
	}
	return failed[len(failed)-1]
}

// check refuses what cannot be meant, before anything is done.
func (o *sysctlOptions) check(args []string) error {
	if o.all && len(args) > 0 {
		return usage("sysctl: -a shows all: %s cannot stand beside it", args[0])
	}
	if o.write && len(args) == 0 {
		return usage("sysctl: -w: change what? want NAME=VALUE")
	}
	if err := spaced(args); err != nil {
		return err
	}
	for _, word := range args {
		name, value, changes := strings.Cut(word, "=")
		switch _, err := ulvs.SysctlName(name); {
		case err != nil:
			return usage("%w", err)
		case o.write && !changes:
			return usage("sysctl: -w %s: want NAME=VALUE", word)
		case changes && strings.TrimSpace(value) == "":
			return usage("sysctl: %s: its value is missing", word)
		}
	}
	return nil
}

// spaced refuses NAME = VALUE, which a shell makes three words of.
func spaced(args []string) error {
	i := slices.IndexFunc(args, func(word string) bool { return word != "" && (word[0] == '=' || word[len(word)-1] == '=') })
	if i < 0 {
		return nil
	}
	name, value := strings.TrimSuffix(args[i], "="), ""
	switch {
	case args[i][0] == '=' && i > 0:
		name, value = args[i-1], strings.Join(args[i:min(i+2, len(args))], "")[1:]
	case name != "" && i+1 < len(args):
		value = args[i+1]
	}
	if name == "" || value == "" || strings.ContainsRune(name+value, '=') {
		return nil
	}
	return usage("sysctl: no spaces around =: write %s=%s", name, value)
}

// carryOut is what is to be shown, and what failed.
func (o *sysctlOptions) carryOut(ctx context.Context, d ulvs.Director, args []string) (shown []ulvs.Sysctl, failed []error, err error) {
	all, err := d.Sysctls(ctx)
	if err != nil {
		return nil, nil, fail("sysctl: %w", err)
	}
	if len(args) == 0 {
		return all, nil, nil
	}
	for _, word := range args {
		s, err := o.one(ctx, d, all, word)
		if err != nil {
			failed = append(failed, err)
		} else if !o.quiet || !strings.Contains(word, "=") {
			shown = append(shown, s)
		}
	}
	return shown, failed, nil
}

// one shows or changes one setting.
func (o *sysctlOptions) one(ctx context.Context, d ulvs.Director, all []ulvs.Sysctl, word string) (s ulvs.Sysctl, err error) {
	name, value, changes := strings.Cut(word, "=")
	if name, err = ulvs.SysctlName(name); err != nil {
		return s, usage("%w", err)
	}
	i := slices.IndexFunc(all, func(s ulvs.Sysctl) bool { return s.Name == name })
	switch {
	case i < 0:
		return s, fail("sysctl: %s%s: there is no such setting here: \"ulvs sysctl -a\" shows those there are", ulvs.SysctlPrefix, name)
	case !changes:
		return all[i], nil
	}
	s = ulvs.Sysctl{Name: name, Value: strings.TrimSpace(value)}
	if err := d.Do(ctx, ulvs.Command{Verb: ulvs.SetSysctl, Sysctl: s}); err != nil {
		return s, fail("sysctl: %s", strings.TrimSuffix(err.Error(), ": "+ulvs.ErrInvalid.Error())) // it names the setting, and what is wanted
	}
	return s, nil
}

// show writes settings as sysctl(8) does.
func (o *sysctlOptions) show(w io.Writer, all []ulvs.Sysctl) error {
	if o.asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(append([]ulvs.Sysctl{}, all...))
	}
	var errs []error
	for _, s := range all {
		line := ulvs.SysctlPrefix + s.Name + " = " + s.Value
		switch {
		case o.names:
			line = ulvs.SysctlPrefix + s.Name
		case o.bare:
			line = s.Value
		}
		_, err := fmt.Fprintln(w, line)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
