// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os/signal"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ulvs/ulvs/rs"
)

const rsDecapLong = `Unwrap what a director sends in tunnels to this host, where the kernel has no
tunnel modules: IPIP and GRE, over IPv4 and IPv6, and GUE on the ports named.
Packets come in by the device ` + rs.Device + `, as by the kernel's tunl0.

In the foreground; SIGTERM and SIGINT end it, and print what it did. It changes
nothing that outlives it.`

// decapOptions are what `ulvs rs decap` was told.
type decapOptions struct {
	ports     []string
	directors []string
	asJSON    bool
}

func rsDecap() *cobra.Command {
	var o decapOptions
	c := &cobra.Command{
		Use: "decap [--gue-port PORT] [--director ADDRESS]", Short: "unwrap tunnels in user space, where the kernel cannot",
		Long:    rsDecapLong,
		Example: "  ulvs rs setup --mode tun --vip 192.168.0.200\n  ulvs rs decap --gue-port 5555",
		Args:    onlyArgs("rs decap", "it takes no words: --gue-port names a port", 0),
		RunE:    func(c *cobra.Command, _ []string) error { return o.run(c.Context(), c.OutOrStdout()) },
	}
	f := c.Flags()
	f.StringSliceVar(&o.ports, "gue-port", nil, "expect GUE on this UDP `port` (repeat for several)")
	f.Var(&addresses{&o.directors}, "director", "take packets from this `address` only\n(repeat for several; default: from anybody)")
	f.BoolVar(&o.asJSON, "json", false, "what it did, as JSON")
	return c
}

// config checks what was told.
func (o *decapOptions) config() (c rs.DecapConfig, err error) {
	for _, port := range o.ports {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return c, usage("rs decap: --gue-port %s: want a port from 1 to 65535", port)
		}
		c.GUE = append(c.GUE, uint16(n))
	}
	for _, text := range o.directors {
		a, err := netip.ParseAddr(text)
		if err != nil {
			return c, usage("rs decap: --director %s: want an address, as 192.168.0.2", text)
		}
		c.Directors = append(c.Directors, a.Unmap())
	}
	return c, nil
}

func (o *decapOptions) run(ctx context.Context, w io.Writer) error {
	config, err := o.config()
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	d, err := rs.NewDecap(config)
	if err != nil {
		return fail("rs decap: %w", err)
	}
	err = d.Run(ctx)
	counts := d.Counts()
	if err = errors.Join(err, d.Close()); err != nil {
		return fail("rs decap: %w", err)
	}
	return o.print(w, counts)
}

// print writes what was done, one line a fact; reasons that did not occur are
// left out.
func (o *decapOptions) print(w io.Writer, c rs.Counts) error {
	facts := map[string]uint64{"packets": c.Packets, "bytes": c.Bytes, "written": c.Written}
	dropped := map[string]uint64{}
	lines := []string{
		fmt.Sprintf("unwrapped %d packets, %d bytes", c.Packets, c.Bytes),
		fmt.Sprintf("handed over %d packets and super-frames", c.Written),
	}
	for _, why := range rs.Drops() {
		if n := c.Drops[why]; n > 0 {
			lines = append(lines, fmt.Sprintf("dropped %d: %v", n, why))
			dropped[strings.ReplaceAll(why.String(), " ", "_")] = n
		}
	}
	if o.asJSON {
		return json.NewEncoder(w).Encode(map[string]any{"done": facts, "drops": dropped})
	}
	_, err := fmt.Fprintln(w, strings.Join(lines, "\n"))
	return err
}
