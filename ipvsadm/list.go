// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"context"
	"fmt"
	"io"

	"github.com/ulvs/ulvs"
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
	t := table{n, l.Layout, l.Exact, w}
	io.WriteString(w, titles[l.Layout])
	for _, s := range services {
		t.service(s)
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

// timeouts writes those that can be set.
func timeouts(ctx context.Context, d ulvs.Director, w io.Writer) error {
	i, err := d.Info(ctx)
	if err == nil {
		fmt.Fprintf(w, "Timeout (tcp tcpfin udp): %d %d %d\n", i.Timeouts.TCP, i.Timeouts.TCPFin, i.Timeouts.UDP)
	}
	return err
}
