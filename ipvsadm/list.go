// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"context"
	"fmt"
	"io"

	"github.com/ulvs/ulvs"
)

const title = `Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
`

// The widths that cut IPv4 entries of a listing, in bytes; IPv6 is never cut.
const (
	maxService = 33
	maxServer  = 28
)

// list writes the table of a List. The banner belongs to the listing of
// everything, and stands even if the rest fails.
func (l Line) list(ctx context.Context, d ulvs.Director, n Names, w io.Writer) error {
	if l.Query == (ulvs.Query{}) {
		i, err := d.Info(ctx)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "IP Virtual Server version %d.%d.%d (size=%d)\n",
			i.Version[0], i.Version[1], i.Version[2], i.Size)
	}
	services, err := l.collect(ctx, d)
	if err != nil {
		return err
	}
	io.WriteString(w, title)
	for _, s := range services {
		n.writeService(w, s)
	}
	return nil
}

// save writes the lines of a Save.
func (l Line) save(ctx context.Context, d ulvs.Director, n Names, w io.Writer) error {
	services, err := l.collect(ctx, d)
	for _, s := range services {
		for _, line := range n.save(s) {
			fmt.Fprintln(w, line)
		}
	}
	return err
}

// collect is what the line asks for, in the order it asks for.
func (l Line) collect(ctx context.Context, d ulvs.Director) ([]ulvs.ServiceStatus, error) {
	var services []ulvs.ServiceStatus
	for s, err := range d.List(ctx, l.Query) {
		if err != nil {
			return nil, err
		}
		services = append(services, s)
	}
	if !l.Unsorted {
		sorted(services)
	}
	return services, nil
}

func (n Names) writeService(w io.Writer, s ulvs.ServiceStatus) {
	label := fmt.Sprintf("%-4s %s", s.Proto, n.endpoint(s.Addr, s.Proto))
	if s.Addr.Addr().Is4() {
		label = cut(label, maxService)
	}
	fmt.Fprintf(w, "%s %s\n", label, s.Scheduler)
	for _, server := range s.Servers {
		n.writeServer(w, s.Proto, server)
	}
}

func (n Names) writeServer(w io.Writer, p ulvs.Proto, s ulvs.ServerStatus) {
	name := n.endpoint(s.Addr, p)
	if s.Addr.Addr().Is4() {
		name = cut(name, maxServer)
	}
	fmt.Fprintf(w, "  -> %-28s %-7s %-6d %-10d %-10d\n",
		name, nameMode(s.Mode).shown, s.Weight, s.Active, s.Inactive)
}
