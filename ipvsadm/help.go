// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"fmt"
	"strings"
)

// versionText is the original's version line, which scripts look at: it says
// which ipvsadm this one is compatible with.
const versionText = "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)"

// helpText takes the version line, the program's name, and the schedulers.
const helpText = `%[1]s
Usage:
  %[2]s -A|-E virtual-service [-s scheduler]
  %[2]s -D virtual-service
  %[2]s -C
  %[2]s -a|-e virtual-service -r server-address [-g|-m] [-w weight]
  %[2]s -d virtual-service -r server-address
  %[2]s -L|-l [virtual-service] [-n] [--nosort]
  %[2]s -Z [virtual-service]
  %[2]s -S [-n]
  %[2]s -R
  %[2]s -h|-v

Commands, of which a line begins with exactly one:
  -A, --add-service         add a virtual service
  -E, --edit-service        replace what a virtual service is: what is not given
                            returns to its default (-s wlc)
  -D, --delete-service      delete a virtual service and its real servers
  -C, --clear               delete everything
  -a, --add-server          add a real server to a virtual service
  -e, --edit-server         replace what a real server is: what is not given
                            returns to its default (the mode to -g, -w to 1)
  -d, --delete-server       delete a real server
  -L, -l, --list            list one virtual service, or all of them
  -Z, --zero                zero the counters of one virtual service, or of all
  -S, --save                write the table as lines for -R
  -R, --restore             read lines from standard input and carry out each
  -h, --help                this text
  -v, --version             the version of ipvsadm that this one is like

virtual-service:
  -t, --tcp-service ADDRESS:PORT    a TCP service; IPv6 as [ADDRESS]:PORT
  -u, --udp-service ADDRESS:PORT    a UDP service

Options:
  -s, --scheduler NAME      who gets a new connection (default wlc):
%[3]s
  -r, --real-server ADDRESS[:PORT]  the real server; without a port, the
                            service's
  -g, --gatewaying          direct routing: the next hop changes (default)
  -m, --masquerading        NAT: the destination changes
  -w, --weight N            the share of the real server (default 1);
                            0: no new connections
  -n, --numeric             addresses and ports as numbers
      --nosort              list in the director's own order
  -X, --exact               numbers in full

Options of ipvsadm that are not listed here are known and refused: ulvs does not
support them yet.
`

// help is the text for a program of this name.
func help(name string, schedulers []string) string {
	return fmt.Sprintf(helpText, versionText, name, wrap(schedulers))
}

// wrap puts words into the help's right column, in lines of 80 at most.
func wrap(words []string) string {
	const width, margin = 80, "                            "
	lines := []string{margin + strings.Join(words[:min(1, len(words))], "")}
	for _, w := range words[min(1, len(words)):] {
		if last := &lines[len(lines)-1]; len(*last)+1+len(w) <= width {
			*last += " " + w
		} else {
			lines = append(lines, margin+w)
		}
	}
	return strings.Join(lines, "\n")
}
