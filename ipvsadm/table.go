// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"fmt"
	"io"
	"strings"

	"github.com/ulvs/ulvs"
)

// A Layout is one of the tables that -L has.
type Layout uint8

// The layouts.
const (
	Plain          Layout = iota
	Stats                 // --stats: counters
	Rate                  // --rate: what they grow by in a second
	Thresholds            // --thresholds
	PersistentConn        // --persistent-conn
	TunInfo               // --tun-info
)

// titles are the first two lines of the tables.
var titles = [...]string{
	Plain: `Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
`,
	Stats: `Prot LocalAddress:Port               Conns   InPkts  OutPkts  InBytes OutBytes
  -> RemoteAddress:Port
`,
	Rate: `Prot LocalAddress:Port                 CPS    InPPS   OutPPS    InBPS   OutBPS
  -> RemoteAddress:Port
`,
	Thresholds: "Prot LocalAddress:Port            Uthreshold Lthreshold ActiveConn InActConn \n  -> RemoteAddress:Port\n",
	TunInfo: `Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn
`,
	PersistentConn: "Prot LocalAddress:Port            Weight    PersistConn ActiveConn InActConn \n  -> RemoteAddress:Port\n",
}

// The widths that cut IPv4 entries of a listing, in bytes; IPv6 is never cut.
const (
	maxService = 33
	maxServer  = 28
)

// A table writes services in one layout.
type table struct {
	names  Names
	layout Layout
	exact  bool
	out    io.Writer
}

func (t table) service(s ulvs.ServiceStatus) {
	label := t.names.label(s.ID)
	switch t.layout {
	case Stats:
		fmt.Fprintf(t.out, "%-33s%s\n", label, t.counters(s.Stats))
	case Rate:
		fmt.Fprintf(t.out, "%-33s%s\n", label, t.counters(s.Rates))
	default:
		fmt.Fprintf(t.out, "%s %s\n", label, described(s.Service))
	}
	for _, server := range s.Servers {
		t.server(s.Proto, server)
	}
}

// label names a service.
func (n Names) label(id ulvs.ID) string {
	if id.Mark != 0 {
		family := ""
		if id.Addr.Addr().Is6() {
			family = " IPv6"
		}
		return fmt.Sprintf("FWM  %d%s", id.Mark, family)
	}
	label := fmt.Sprintf("%-4s %s", id.Proto, n.endpoint(id.Addr, id.Proto))
	if id.Addr.Addr().Is4() {
		label = cut(label, maxService)
	}
	return label
}

// described is the scheduler of a service and what else it does. An engine is
// told of only where it has clients to keep.
func described(s ulvs.Service) string {
	words := []string{s.Scheduler}
	if flags := flagWords(s); flags != "" {
		words = append(words, "("+flags+")")
	}
	if s.Persist > 0 {
		words = append(words, fmt.Sprintf("persistent %d", s.Persist))
		if mask := maskText(s.Mask); mask != "" {
			words = append(words, "mask "+mask)
		}
		if s.Engine != "" {
			words = append(words, "pe "+s.Engine)
		}
	}
	if s.OnePacket {
		words = append(words, "ops")
	}
	if s.Locals != "" {
		words = append(words, "local", string(s.Locals))
	}
	return strings.Join(words, " ")
}

func (t table) server(p ulvs.Proto, s ulvs.ServerStatus) {
	name := t.names.endpoint(s.Addr, p)
	if s.Addr.Addr().Is4() {
		name = cut(name, maxServer)
	}
	fmt.Fprintf(t.out, "  -> %-28s%s\n", name, t.columns(s))
}

// columns are what a row says of a server.
func (t table) columns(s ulvs.ServerStatus) string {
	switch t.layout {
	case Stats:
		return t.counters(s.Stats)
	case Rate:
		r := s.Rates
		return fmt.Sprintf(" %8d %8d %8d%s%s", r.Conns, r.InPkts, r.OutPkts, t.counter(r.InBytes), t.counter(r.OutBytes))
	case Thresholds:
		return fmt.Sprintf(" %-10d %-10d %-10d %-10d", s.Upper, s.Lower, s.Active, s.Inactive)
	case PersistentConn:
		return fmt.Sprintf(" %-9d %-11d %-10d %-10d", s.Weight, s.Persistent, s.Active, s.Inactive)
	case TunInfo:
		return fmt.Sprintf(" %-7s %-13s %-6d %-10d %-10d", shownMode(s.Mode), tunInfo(s.Server), s.Weight, s.Active, s.Inactive)
	}
	return fmt.Sprintf(" %-7s %-6d %-10d %-10d", shownMode(s.Mode), s.Weight, s.Active, s.Inactive)
}

// counters are the five columns of --stats.
func (t table) counters(s ulvs.Stats) string {
	return t.counter(s.Conns) + t.counter(s.InPkts) + t.counter(s.OutPkts) + t.counter(s.InBytes) + t.counter(s.OutBytes)
}

// counter is a number in nine columns. One that would fill them is cut to
// thousands or more, unless all of it is wanted.
func (t table) counter(n uint64) string {
	if t.exact {
		return fmt.Sprintf(" %8d", n)
	}
	switch {
	case n < 1e8:
		return fmt.Sprintf("%9d", n)
	case n < 1e9:
		return fmt.Sprintf("%8dK", n/1e3)
	case n < 1e11:
		return fmt.Sprintf("%8dM", n/1e6)
	case n < 1e14:
		return fmt.Sprintf("%8dG", n/1e9)
	}
	return fmt.Sprintf("%8dT", n/1e12)
}
