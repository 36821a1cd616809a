// SPDX-License-Identifier: Apache-2.0

package iptables

import (
	"fmt"
	"io"
	"math"
	"net/netip"
	"strings"

	"github.com/ulvs/ulvs"
)

// A printer lists chains as the original does; what was never counted is "-".
type printer struct {
	w                io.Writer
	verbose, numbers bool
}

// chain is a chain of -L.
func (p printer) chain(name string, rules []ulvs.MarkRule) {
	fmt.Fprintf(p.w, "Chain %s (policy ACCEPT)\n", name)
	p.row("num", "pkts", "bytes", "target", "prot", "opt", "in", "out", "source", "destination")
	fmt.Fprintln(p.w)
	for i, r := range rules {
		p.row(fmt.Sprint(i+1), "-", "-", "MARK", protoText(r.Proto), "--", "*", "*", network(source(r)), network(r.Dst))
		fmt.Fprintf(p.w, " %s\n", strings.Join(append(portText(r), markText(r)), " "))
	}
}

// row is a line, without what does not fit a column.
func (p printer) row(num, pkts, bytes, target, prot, opt, in, out, src, dst string) {
	if p.numbers {
		fmt.Fprintf(p.w, "%-4s ", num)
	}
	if p.verbose {
		fmt.Fprintf(p.w, "%5s %5s ", pkts, bytes)
	}
	fmt.Fprintf(p.w, "%-10s %-4s %-3s ", target, prot, opt)
	if p.verbose {
		fmt.Fprintf(p.w, "%-6s %-6s  ", in, out)
	}
	fmt.Fprintf(p.w, "%-20s %-20s", src, dst)
}

func protoText(p ulvs.Proto) string {
	if p == 0 {
		return "all"
	}
	return strings.ToLower(p.String())
}

// source is whom a rule is for; a rule without one is for all of its family.
func source(r ulvs.MarkRule) netip.Prefix {
	switch {
	case r.Src.IsValid():
		return r.Src
	case r.Dst.Addr().Is4():
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
}

// network is a prefix, or the address that it is all of.
func network(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// portText tells one range of ports from several, as the modules do.
func portText(r ulvs.MarkRule) []string {
	ports := r.Ports.String()
	switch {
	case ports == "":
		return nil
	case strings.Contains(ports, ","):
		return []string{"multiport", "dports", ports}
	case strings.Contains(ports, ":"):
		return []string{protoText(r.Proto), "dpts:" + ports}
	}
	return []string{protoText(r.Proto), "dpt:" + ports}
}

// markText says it as short as the bits allow.
func markText(r ulvs.MarkRule) string {
	switch {
	case r.Mark == 0:
		return fmt.Sprintf("MARK and %#x", ^r.Mask)
	case r.Mark == r.Mask:
		return fmt.Sprintf("MARK or %#x", r.Mark)
	case r.Mask == math.MaxUint32:
		return fmt.Sprintf("MARK set %#x", r.Mark)
	}
	return fmt.Sprintf("MARK xset %#x/%#x", r.Mark, r.Mask)
}

// spellChains writes the words that would make the chains anew.
func spellChains(w io.Writer, chains []string, rules []ulvs.MarkRule) {
	for _, name := range chains {
		fmt.Fprintf(w, "-P %s ACCEPT\n", name)
	}
	for _, r := range rules {
		fmt.Fprintf(w, "-A %s %s\n", markChain, words(r))
	}
}

// words are a rule as the original spells it.
func words(r ulvs.MarkRule) string {
	var all []string
	if r.Src.IsValid() && r.Src.Bits() > 0 {
		all = append(all, "-s", r.Src.String())
	}
	if r.Dst.Bits() > 0 {
		all = append(all, "-d", r.Dst.String())
	}
	if r.Proto != 0 {
		all = append(all, "-p", protoText(r.Proto))
	}
	switch ports := r.Ports.String(); {
	case strings.Contains(ports, ","):
		all = append(all, "-m", "multiport", "--dports", ports)
	case ports != "":
		all = append(all, "-m", protoText(r.Proto), "--dport", ports)
	}
	all = append(all, "-j", "MARK", "--set-xmark", fmt.Sprintf("%#x/%#x", r.Mark, r.Mask))
	return strings.Join(all, " ")
}
