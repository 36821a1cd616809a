// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Show draws the plan: picture, then addresses, then gateways.
func (p Plan) Show(w io.Writer) error {
	fmt.Fprintf(w, "lab %s: %s\n%s\n", p.Name, p.About, p.Picture)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  HOST\tPORT\tROLE\tADDRESS\tMASK\tGATEWAY")
	for _, h := range p.Hosts {
		h.show(t)
	}
	return t.Flush()
}

// Welcome is what a learner reads when the lab is up: the plan, what has been
// typed already, and what to try. here makes of our own words what is to be
// typed where the learner is; what is typed on a host stays as it is.
func (p Plan) Welcome(w io.Writer, here func(string) string) error {
	if err := p.Show(w); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nTyped for you on lvs:")
	for _, words := range p.Typed {
		fmt.Fprintf(w, "  %s\n", words)
	}
	fmt.Fprintln(w, "\nTry next:")
	return p.showTry(w, here)
}

// showTry writes lines that can be pasted: why is a comment of the shell's.
func (p Plan) showTry(w io.Writer, here func(string) string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, hint := range append(p.Try, "ulvs lab down\tand nothing is left") {
		if !strings.HasPrefix(hint, " ") {
			hint = here(hint)
		}
		fmt.Fprintf(t, "  %s\n", strings.Replace(hint, "\t", "\t# ", 1))
	}
	return t.Flush()
}

// show writes a line an address; the gateway stands on the host's first.
func (h Host) show(w io.Writer) {
	name, gateway := h.Name, h.gateway()
	for _, port := range h.Ports {
		for _, a := range port.Addrs {
			fmt.Fprintf(w, "  %s\t%s\t%s\t%s\t%s\t%s\n", name, port.Name, h.role(a), a.Prefix, a.mask(), gateway)
			name, gateway = "", ""
		}
	}
}

func (h Host) gateway() string {
	if !h.Gateway.IsValid() {
		return "-"
	}
	return h.Gateway.String()
}

// role is the address's, or the host's own name for an address without one.
func (h Host) role(a Address) string {
	switch {
	case a.Role != "":
		return a.Role
	case h.Name == "router":
		return "router"
	}
	return "-"
}

// mask is the dotted form that tutorials write: 255.255.255.0.
func (a Address) mask() string {
	bits := a.Prefix.Bits()
	var parts []string
	for i := range 4 {
		n := min(max(bits-8*i, 0), 8)
		parts = append(parts, fmt.Sprint(256-1<<(8-n)))
	}
	return strings.Join(parts, ".")
}
