// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/ctl"
	"github.com/ulvs/ulvs/forward"
	"github.com/ulvs/ulvs/host"
)

// A report is what `ulvs status` shows.
type report struct {
	forward.Status
	Version     string   `json:"version"`
	PID         int      `json:"pid"`
	Uptime      float64  `json:"uptime"` // seconds
	Guard       string   `json:"guard"`
	Skipped     []string `json:"skipped"`
	Ineffective []string `json:"ineffective_rules"`
}

// status puts together what the engine and the host tell.
func (d *director) status() report {
	r := report{
		Status:  d.engine.Status(),
		Version: version,
		PID:     os.Getpid(),
		Uptime:  d.now().Seconds(),
		Guard:   d.guardStatus(),
		Skipped: d.skipped,
	}
	rules, err := host.Ineffective(d.vips())
	if err != nil {
		rules = append(rules, "the host's filter rules could not be read: "+err.Error())
	}
	r.Ineffective = rules
	return r
}

func (d *director) guardStatus() string {
	if d.guard == nil {
		return "none: " + d.unsure
	}
	counters, err := d.guard.Counters()
	if err != nil {
		return "unknown: " + err.Error()
	}
	var kept uint64
	for _, c := range counters {
		if c.Rule != "local" {
			kept += c.Packets
		}
	}
	return fmt.Sprintf("nft table netdev ulvs: kept %d packets from the host's own stack", kept)
}

func (d *director) vips() []host.Tuple {
	var vips []host.Tuple
	for s, err := range d.engine.List(context.Background(), ulvs.Query{}) {
		if err == nil {
			vips = append(vips, host.Tuple{Proto: uint8(s.Proto), Addr: s.Addr})
		}
	}
	return vips
}

func statusCommand() *cobra.Command {
	var socket string
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "what the director of this network namespace does, a line a fact",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return showStatus(c.OutOrStdout(), socket, asJSON)
		},
	}
	c.Flags().StringVar(&socket, "socket", "", "control socket (default $ULVS_SOCKET, else @ulvs)")
	c.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return c
}

func showStatus(w io.Writer, socket string, asJSON bool) error {
	ctx, stop := context.WithTimeout(context.Background(), 10*time.Second)
	defer stop()
	client, err := ctl.Dial(ctl.DefaultAddr(socket))
	if err != nil {
		return fail("status: %w", err)
	}
	var r report
	if err := client.Status(ctx, &r); err != nil {
		return fail("status: %w", err)
	}
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	r.print(w)
	return nil
}

// print writes one line a fact.
func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "director     pid %d, up %s, ulvs %s, %d worker\n", r.PID, time.Duration(r.Uptime*1e9).Round(time.Second), r.Version, r.Workers)
	for _, p := range r.Ports {
		up := "up"
		if !p.Up {
			up = "DOWN"
		}
		fmt.Fprintf(w, "port         %s %s, mtu %d, %s; %s; in %d packets, out %d, lost %d\n",
			p.Name, up, p.MTU, p.MAC, p.Link, p.InPkts, p.OutPkts, p.Lost)
	}
	for _, s := range r.Skipped {
		fmt.Fprintf(w, "skipped      %s\n", s)
	}
	fmt.Fprintf(w, "guard        %s\n", r.Guard)
	for _, a := range r.Held {
		fmt.Fprintf(w, "vip          %s is on no interface here: ulvs answers for it\n", a)
	}
	fmt.Fprintf(w, "services     %d, with %d real servers; %d deleted ones whose connections may live on\n", r.Services, r.Servers, r.Deleted)
	for _, s := range r.Unreached {
		fmt.Fprintf(w, "unreachable  %s\n", s)
	}
	fmt.Fprintf(w, "connections  %d of at most %d\n", r.Connections, r.Max)
	fmt.Fprintf(w, "carried      %d packets in, %d out, %d connections\n", r.Stats.InPkts, r.Stats.OutPkts, r.Stats.Conns)
	fmt.Fprintf(w, "passed       %d packets that were the host's own affair\n", r.Passed)
	if r.Waiting > 0 {
		fmt.Fprintf(w, "waiting      %d packets for a neighbour's answer\n", r.Waiting)
	}
	r.printDrops(w)
	for _, s := range r.Ineffective {
		fmt.Fprintf(w, "no effect    %s\n", s)
	}
}

func (r *report) printDrops(w io.Writer) {
	if len(r.Drops) == 0 {
		fmt.Fprintf(w, "drops        none\n")
	}
	var reasons []string
	for why := range r.Drops {
		reasons = append(reasons, why)
	}
	slices.Sort(reasons)
	for _, why := range reasons {
		fmt.Fprintf(w, "drops        %d %s\n", r.Drops[why], why)
	}
}
