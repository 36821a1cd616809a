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
  %[2]s -A|-E virtual-service [-s scheduler] [-b flags]
              [-p [seconds] [-M netmask]] [--pe engine] [-o]
              [--local-address addresses]
  %[2]s -D virtual-service
  %[2]s -C
  %[2]s -a|-e virtual-service -r server-address [-g|-m|-i|--fullnat]
              [-w weight] [-x upper] [-y lower]
  %[2]s -d virtual-service -r server-address
  %[2]s -L|-l [virtual-service] [-n] [--nosort] [--exact]
              [--stats|--rate|--thresholds|--persistent-conn]
  %[2]s -L|-l -c [-n] [--persistent-conn]
  %[2]s -L|-l --timeout|--daemon
  %[2]s --set tcp tcpfin udp
  %[2]s -Z [virtual-service]
  %[2]s -S [-n]
  %[2]s -R
  %[2]s -h|-v

Commands, of which a line begins with exactly one:
  -A, --add-service         add a virtual service
  -E, --edit-service        replace what a virtual service is: what is not given
                            returns to its default (-s wlc, not persistent)
  -D, --delete-service      delete a virtual service and its real servers
  -C, --clear               delete everything
  -a, --add-server          add a real server to a virtual service
  -e, --edit-server         replace what a real server is: what is not given
                            returns to its default (the mode to -g, -w to 1,
                            no thresholds)
  -d, --delete-server       delete a real server
  -L, -l, --list            list one virtual service, or all of them
      --set                 set the timeouts of silent connections, in seconds:
                            TCP, TCP after a FIN, UDP; 0 leaves one as it is
  -Z, --zero                zero the counters of one virtual service, or of all
  -S, --save                write the table as lines for -R; thresholds and
                            timeouts are not in it, nor the rules of ulvs mark:
                            ipvsadm-save writes them
  -R, --restore             read lines from standard input and carry out each
  -h, --help                this text
  -v, --version             the version of ipvsadm that this one is like

virtual-service:
  -t, --tcp-service ADDRESS:PORT    a TCP service; IPv6 as [ADDRESS]:PORT;
                                    without a port all ports (-p is needed)
  -u, --udp-service ADDRESS:PORT    a UDP service
      --sctp-service ADDRESS:PORT   an SCTP service
  -f, --fwmark-service MARK         whatever IPv4 packets bear this mark
  -6, --ipv6                        behind -f: the IPv6 packets

Options:
  -s, --scheduler NAME      who gets a new connection (default wlc):
%[3]s
  -b, --sched-flags FLAGS   of the scheduler, with commas: sh-fallback, sh-port
                            (sh), mh-fallback, mh-port (mh), flag-1, flag-2,
                            flag-3 (any)
  -p, --persistent [SECONDS]        a client stays with its real server until it
                            has opened no connection for so long (default 360)
  -M, --netmask MASK        clients that agree in these bits are one to -p:
                            255.255.255.0, or 64 for IPv6 (default: each alone)
      --pe sip              calls of SIP that have one Call-ID are one to -p
  -o, --ops                 each datagram is scheduled for itself (UDP, marks)
  -r, --real-server ADDRESS[:PORT]  the real server; without a port, the
                            service's
  -g, --gatewaying          direct routing: the next hop changes (default)
  -m, --masquerading        NAT: the destination changes
  -i, --ipip                tunnel: the packet goes inside another
      --tun-type TYPE       ipip (default), gre, or gue
      --tun-port N          the UDP port of gue
      --tun-nocsum          the tunnel has no checksum of its own (default)
      --tun-csum            … it has one
      --tun-remcsum         … of gue: and leaves the inner one to the server
      --fullnat             both ends change: the server sees a local address,
                            and needs no route to the client (ulvs's own)
      --local-address LIST  of a service: the addresses that --fullnat speaks
                            from, like 10.0.0.7,10.0.0.20-10.0.0.29: best ones
                            that nobody has, else the director's (ulvs's own)
  -w, --weight N            the share of the real server (default 1);
                            0: no new connections
  -x, --u-threshold N       the connections at which it takes no more (0: any)
  -y, --l-threshold N       it takes more again below so many (0: below three
                            quarters of -x)
  -c, --connection          list the connections, and templates of -p
  -n, --numeric             addresses and ports as numbers
      --stats               list counters
      --rate                list what they grow by in a second; BPS are bytes
      --thresholds          list -x and -y
      --tun-info            list how tunnels wrap
      --persistent-conn     list how many clients stay; with -c, engines
      --timeout             list what --set sets
      --daemon              list daemons that copy connections: there are none
      --nosort              list in the director's own order
  -X, --exact               numbers in full, not in K, M, G, T

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
