// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ulvs/ulvs/rs"
)

const rsLong = `The real server's side of direct routing (ipvsadm -g) and tunnels (ipvsadm -i):
hold the virtual address without telling anybody, and unwrap what comes in a
tunnel. A server behind NAT (ipvsadm -m) needs the director as its gateway, and
none of this.`

func rsCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "rs", Short: "the real server's side: hold the VIP, keep quiet, unwrap",
		Long: rsLong, Example: "  ulvs rs setup --mode dr --vip 192.168.0.200",
	}
	group(c)
	c.AddCommand(rsSetup(), rsTeardown(), rsDecap())
	return c
}

// rsOptions are what setup and teardown were told.
type rsOptions struct {
	wish     rs.Wish
	vips     []string
	director string
	device   string
	dryRun   bool
	asJSON   bool
}

const rsSetupLong = `Give this host the virtual addresses, on lo, and keep it from telling others.

All hosts of a segment that hold a virtual address would answer who asks for it:
the ARP problem. --arp chooses the cure:
  sysctl     arp_ignore and arp_announce: the kernel keeps quiet by itself
  arptables  rules that drop questions for the VIP, and mend our own
  static     nothing here: prints the entry by which the gateway, and whoever
             else of the segment sends to the VIP, knows the director for good

What was before is kept in a journal under /run/ulvs; teardown restores it. A
second setup adds its addresses to those before, and changes mode and cure.`

func rsSetup() *cobra.Command {
	var o rsOptions
	c := &cobra.Command{
		Use: "setup --vip ADDRESS [--mode dr|tun] [--arp sysctl|arptables|static]", Short: "hold the VIP, and keep quiet about it",
		Long:    rsSetupLong,
		Example: "  ulvs rs setup --mode dr --vip 192.168.0.200\n  ulvs rs setup --mode tun --vip 192.168.0.200 --dry-run",
		Args:    noAddress("rs setup"),
		RunE:    func(c *cobra.Command, _ []string) error { return o.setup(c.Context(), c.OutOrStdout()) },
	}
	f := c.Flags()
	f.Var(&addresses{&o.vips}, "vip", "a virtual `address` to hold (repeat for several)")
	f.StringVar(&o.wish.Mode, "mode", rs.DR, "how packets come: `dr` or tun")
	f.StringVar(&o.wish.ARP, "arp", rs.Sysctl, "the cure of the ARP problem: `sysctl`, arptables, static")
	f.StringVar(&o.director, "director", "", "for static: the director's `address`, IP or MAC")
	f.StringVar(&o.device, "gateway-interface", "eth0", "for static: the gateway's interface")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "print the commands instead")
	f.BoolVar(&o.asJSON, "json", false, "what is printed, as JSON")
	return c
}

func rsTeardown() *cobra.Command {
	var o rsOptions
	c := &cobra.Command{
		Use: "teardown [--vip ADDRESS]", Short: "restore what was before setup",
		Long:    "Restore what was before setup. With --vip only that address is given up; with\nthe last one all is as it was.",
		Example: "  ulvs rs teardown",
		Args:    noAddress("rs teardown"),
		RunE:    func(c *cobra.Command, _ []string) error { return o.teardown(c.OutOrStdout()) },
	}
	f := c.Flags()
	f.Var(&addresses{&o.vips}, "vip", "give up this `address` only (repeat for several)")
	f.BoolVarP(&o.dryRun, "dry-run", "n", false, "print the commands instead")
	f.BoolVar(&o.asJSON, "json", false, "what is printed, as JSON")
	return c
}

// noAddress refuses words, and knows what most of them are meant to be.
func noAddress(verb string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		if _, err := netip.ParseAddr(args[0]); err == nil {
			return usage("%s: %s: did you mean --vip %s?", verb, args[0], args[0])
		}
		return usage("%s: %s: it takes no words: --vip names an address", verb, args[0])
	}
}

// parse reads the addresses and finds the journal.
func (o *rsOptions) parse() (*rs.Host, error) {
	for _, text := range o.vips {
		vip, err := netip.ParseAddr(text)
		if err != nil {
			return nil, usage("rs: --vip %s: want an address, as 192.168.0.200", text)
		}
		o.wish.VIPs = append(o.wish.VIPs, vip)
	}
	h, err := rs.Open(rs.Dir())
	if err != nil {
		return nil, fail("rs: %w", err)
	}
	return h, nil
}

func (o *rsOptions) setup(ctx context.Context, w io.Writer) error {
	h, err := o.parse()
	if err != nil {
		return err
	}
	if err := o.wish.Check(); err != nil {
		return usage("rs setup: %w", err)
	}
	steps, err := h.Steps(o.wish)
	if err != nil {
		return fail("rs setup: %w", err)
	}
	if !o.dryRun {
		steps = nil
		if err := h.Setup(o.wish); err != nil {
			return fail("rs setup: %w", err)
		}
	}
	hints, err := o.hints(ctx)
	if err != nil {
		return fail("rs setup: %w", err)
	}
	return o.print(w, append(steps, hints...))
}

// hints are what remains to be typed, here or elsewhere.
func (o *rsOptions) hints(ctx context.Context) (steps []rs.Step, err error) {
	if o.wish.ARP == rs.Static {
		mac, err := o.directorMAC(ctx)
		if err != nil {
			return nil, err
		}
		for _, vip := range o.wish.VIPs {
			if vip.Is4() {
				steps = append(steps, rs.NeighbourStep(vip, mac, o.device))
			}
		}
	}
	if o.wish.Mode == rs.Tun && !rs.KernelTunnels() {
		steps = append(steps, rs.Step{Why: "This kernel has no tunnel device: unwrap in user space.", Command: "ulvs rs decap"})
	}
	return steps, nil
}

// directorMAC is what --director says, or what ARP says of it.
func (o *rsOptions) directorMAC(ctx context.Context) (string, error) {
	if o.director == "" {
		return "DIRECTORMAC", nil
	}
	if mac, err := net.ParseMAC(o.director); err == nil {
		return mac.String(), nil
	}
	addr, err := netip.ParseAddr(o.director)
	if err != nil {
		return "", fmt.Errorf("--director %s: want the director's own address (DIP) or its link address", o.director)
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	mac, err := rs.LinkAddress(ctx, addr)
	return mac.String(), err
}

func (o *rsOptions) teardown(w io.Writer) error {
	h, err := o.parse()
	if err != nil {
		return err
	}
	steps, err := h.BackSteps(o.wish.VIPs...)
	if err == nil && !o.dryRun {
		steps, err = nil, h.Teardown(o.wish.VIPs...)
	}
	if err != nil {
		return fail("rs teardown: %w", err)
	}
	return o.print(w, steps)
}

// print writes the steps as a shell takes them, each with its reason above.
func (o *rsOptions) print(w io.Writer, steps []rs.Step) error {
	if o.asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(append([]rs.Step{}, steps...))
	}
	for i, s := range steps {
		why := strings.ReplaceAll(s.Why, "\n", "\n# ")
		if i > 0 && s.Why == steps[i-1].Why {
			why = ""
		} else {
			why = "# " + why + "\n"
		}
		command := paste(s.Command)
		if s.Already {
			command = "# already so: " + command
		}
		if _, err := fmt.Fprintf(w, "%s%s\n", why, command); err != nil {
			return fail("rs: %w", err)
		}
	}
	return nil
}

// addresses is a flag that may be given several times, or with commas.
type addresses struct{ list *[]string }

// Set adds some more.
func (a *addresses) Set(s string) error {
	*a.list = append(*a.list, strings.Split(s, ",")...)
	return nil
}

// String is what the flag has gathered.
func (a *addresses) String() string {
	if a.list == nil {
		return ""
	}
	return strings.Join(*a.list, ",")
}

// Type is how help names a value.
func (a *addresses) Type() string { return "address" }
