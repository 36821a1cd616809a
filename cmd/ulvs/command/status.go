// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ulvs/ulvs"
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
	Marks       []string `json:"marks"` // where they come from
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
		Skipped: d.skipped(),
	}
	services := d.services()
	rules, err := host.Ineffective(append(vips(services), d.engine.Marked()...))
	if err != nil {
		rules = append(rules, "the host's filter rules could not be read: "+err.Error())
	}
	var lost []string
	own, _ := d.engine.Marks(context.Background()) // of this process: cannot fail
	r.Marks, lost = d.marks.report(services, own)
	r.Ineffective = append(rules, lost...)
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
		if c.Rule != "local" && c.Rule != "aside" {
			kept += c.Packets
		}
	}
	return fmt.Sprintf("nft table netdev ulvs: kept %d packets from the host's own stack", kept)
}

func (d *director) services() (all []ulvs.ServiceStatus) {
	for s, err := range d.engine.List(context.Background(), ulvs.Query{}) {
		if err == nil {
			all = append(all, s)
		}
	}
	return all
}

func vips(services []ulvs.ServiceStatus) (all []host.Tuple) {
	for _, s := range services {
		if s.Mark == 0 {
			all = append(all, host.Tuple{Proto: uint8(s.Proto), Addr: s.Addr})
		}
	}
	return all
}

func statusCommand() *cobra.Command {
	var socket string
	var asJSON bool
	c := &cobra.Command{
		Use:   "status",
		Short: "what the director of this network namespace does, a line a fact",
		Args:  onlyArgs("status", "it takes no words", 0),
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
	client, err := dial(socket)
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
	fact := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	each := func(name string, list []string) {
		for _, s := range list {
			fact(name, "%s", s)
		}
	}
	fact("director", "pid %d, up %s, ulvs %s, %d worker", r.PID, time.Duration(r.Uptime*1e9).Round(time.Second), r.Version, r.Workers)
	for _, p := range r.Ports {
		printPort(p, fact)
	}
	each("skipped", r.Skipped)
	fact("guard", "%s", r.Guard)
	for _, a := range r.Held {
		name := "vip"
		if _, local := r.Locals[a]; local {
			name = "local"
		}
		fact(name, "%s is on no interface here: ulvs answers for it", a)
	}
	for _, a := range slices.Sorted(maps.Keys(r.Locals)) {
		fact("local", "%s has lent %d ports", a, r.Locals[a])
	}
	each("rival", r.Rivals)
	fact("services", "%d, with %d real servers", r.Services, r.Servers)
	if r.Deleted > 0 {
		fact("deleted", "%d real servers, remembered for connections they may have", r.Deleted)
	}
	each("unreachable", r.Unreached)
	each("silent", r.Silent)
	fact("connections", "%d of at most %d", r.Connections, r.Max)
	fact("carried", "%d packets in, %d out, %d connections", r.Stats.InPkts, r.Stats.OutPkts, r.Stats.Conns)
	fact("passed", "%d packets that were the host's own affair", r.Passed)
	if r.Queued > 0 {
		fact("queued", "%d packets, which rules of the host had marked", r.Queued)
	}
	if r.Waiting > 0 {
		fact("waiting", "%d packets for a neighbour's answer", r.Waiting)
	}
	r.printDrops(w)
	each("marks", r.Marks)
	each("no effect", r.Ineffective)
}

func printPort(p forward.PortStatus, fact func(name, format string, args ...any)) {
	up := "up"
	if !p.Up {
		up = "DOWN"
	}
	fact("port", "%s %s, mtu %d, %s, in %d, out %d, lost %d packets", p.Name, up, p.MTU, p.MAC, p.InPkts, p.OutPkts, p.Lost)
	fact("", "%s", p.Link)
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
