// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ulvs/ulvs"
)

const markLong = `Firewall marks without iptables: rules that give packets a mark before virtual
services are looked for, so that one service (ipvsadm -A -f MARK) can be many
ports or addresses. Rules are looked at in their order, and all that match
apply. The MARK rules in iptables' own mangle table count too.

ipvsadm-save writes them among its lines, and ipvsadm-restore reads them; the
original takes those lines for comments.`

const markExample = `  ulvs mark add -d 192.168.0.200 -p tcp --dports 80,443 --set-mark 6666
  ulvs ipvsadm -A -f 6666 -s rr`

// ruleWords is what add and del take.
const ruleWords = `RULE is in iptables' words.
A whole line of iptables or ip6tables can be pasted here, too: with -t mangle, and with
%s PREROUTING.

  -d, --destination ADDRESS[/BITS]  whom packets are addressed to
  -s, --source ADDRESS[/BITS]       whom they are from
  -4, -6                            IPv4 or IPv6, where no address tells
  -p, --protocol tcp|udp|sctp       (default: all)
  --dport PORT[:PORT]               a destination port, or from one to another:
                                    numbers, or names from /etc/services
  --dports PORT,...                 up to 15 of them
  --set-mark MARK[/MASK]            the mark, decimal or 0x; of the mark that a
                                    packet has, the bits of MASK are cleared
                                    (default: all)
  --set-xmark MARK/MASK             the same, as iptables-save writes it
  -m tcp|udp|sctp|multiport, -j MARK
                                    may be given, and say nothing new

--socket ADDR before all other words names the director's socket.`

func markCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "mark", Short: "firewall marks without iptables",
		Long: markLong, Example: markExample,
	}
	group(c)
	c.AddCommand(
		markChange("add", "-A or -I", "add a rule behind the others", "Adds a rule behind the others; a line with -I, before them."),
		markChange("del", "-D", "delete a rule", "Deletes the first rule that says the same."),
		markFlush(), markList())
	return c
}

// markChange is a verb that takes a rule. Its words are iptables' and no flags
// of the CLI library. pasted is what iptables calls it.
func markChange(verb, pasted, short, long string) *cobra.Command {
	return &cobra.Command{
		Use: verb + " RULE...", Short: short, Long: long + " " + fmt.Sprintf(ruleWords, pasted),
		Example:            "  ulvs mark " + verb + " -d 192.168.0.200 -p tcp --dports 80,443 --set-mark 6666",
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			socket, args := socketFlag(args)
			if slices.Contains([]string{"-h", "--help"}, append(args, "")[0]) {
				return c.Help()
			}
			command, err := ulvs.Services(lookupPort).ParseMarkCommand(append([]string{verb}, args...))
			if err != nil {
				return usage("mark %s: %w; see ulvs mark %s -h", verb, err, verb)
			}
			return doMark(c.Context(), socket, command)
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return []string{"-d", "-s", "-p", "--dport", "--dports", "--set-mark"}, cobra.ShellCompDirectiveNoFileComp
		},
	}
}

func markFlush() *cobra.Command {
	var socket string
	c := &cobra.Command{
		Use: "flush", Short: "delete all rules", Args: onlyArgs("mark flush", "it takes no words", 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return doMark(c.Context(), socket, ulvs.Command{Verb: ulvs.FlushMarks})
		},
	}
	c.Flags().StringVar(&socket, "socket", "", "control socket (default $ULVS_SOCKET, else @ulvs)")
	return c
}

func markList() *cobra.Command {
	var socket string
	var asJSON bool
	c := &cobra.Command{
		Use: "list", Short: "show all rules, as lines that can be pasted back", Args: onlyArgs("mark list", "it takes no words", 0),
		RunE: func(c *cobra.Command, _ []string) error {
			return listMarks(c.Context(), c.OutOrStdout(), socket, asJSON)
		},
	}
	c.Flags().StringVar(&socket, "socket", "", "control socket (default $ULVS_SOCKET, else @ulvs)")
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

// doMark carries out a change.
func doMark(ctx context.Context, socket string, c ulvs.Command) error {
	d, err := dial(socket)
	if err == nil {
		err = d.Do(ctx, c)
	}
	switch {
	case errors.Is(err, ulvs.ErrNoMark):
		return fail("mark: there is no rule %v: \"ulvs mark list\" shows those there are", c.Mark)
	case errors.Is(err, ulvs.ErrMarkExists):
		return fail("mark: there is a rule %v already", c.Mark)
	case err != nil:
		return fail("mark: %w", err)
	}
	return nil
}

func listMarks(ctx context.Context, w io.Writer, socket string, asJSON bool) error {
	d, err := dial(socket)
	if err != nil {
		return fail("mark: %w", err)
	}
	all, err := d.Marks(ctx)
	if err != nil {
		return fail("mark: %w", err)
	}
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(append([]ulvs.MarkRule{}, all...))
	}
	for _, r := range all {
		if _, err := fmt.Fprintf(w, "ulvs mark add %v\n", r); err != nil {
			return fail("mark: %w", err)
		}
	}
	return nil
}
