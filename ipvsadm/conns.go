// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/ulvs/ulvs"
)

// connections writes the table of -L -c, as it comes: there may be millions.
func (l Line) connections(ctx context.Context, d ulvs.Director, n Names, w io.Writer) error {
	engines := l.Layout == PersistentConn
	fmt.Fprintf(w, "IPVS connection entries\npro expire %-11s %-18s %-18s ", "state", "source", "virtual")
	if engines {
		fmt.Fprintf(w, "%-18s %-16s %s\n", "destination", "pe name", "pe_data")
	} else {
		fmt.Fprintln(w, "destination")
	}
	for c, err := range d.Conns(ctx) {
		if err != nil {
			return err
		}
		n.writeConn(w, c, engines)
	}
	return nil
}

// writeConn writes a row. The engine stands two columns left of its title, as
// in the original.
func (n Names) writeConn(w io.Writer, c ulvs.Conn, engines bool) {
	proto := "IP"
	if c.Proto != 0 {
		proto = c.Proto.String()
	}
	left := fmt.Sprintf("%02d:%02d", c.Left/60, c.Left%60)
	fmt.Fprintf(w, "%-3s %-6s %-11s %-18s %-18s ", proto, left, c.State,
		n.endpoint(c.Client, c.Proto), n.endpoint(c.Virtual, c.Proto))
	server := n.endpoint(c.Server, c.Proto)
	if engines && c.Engine != "" {
		fmt.Fprintf(w, "%-16s %-18s %s\n", server, c.Engine, visible(c.EngineData))
	} else {
		fmt.Fprintln(w, server)
	}
}

// visible is a text from the network that cannot move a terminal's cursor: what
// is no letter, digit or sign is written as \x1b.
func visible(text string) string {
	quoted := strconv.QuoteToASCII(text)
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
}
