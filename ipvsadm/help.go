// SPDX-License-Identifier: Apache-2.0

package ipvsadm

// versionText is the original's version line, which scripts look at: it says
// which ipvsadm this one is compatible with.
const versionText = "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)"

// helpText takes the version line and the program's name.
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
  -E, --edit-service        change a virtual service; what is not given returns to its default
  -D, --delete-service      delete a virtual service and its real servers
  -C, --clear               delete everything
  -a, --add-server          add a real server to a virtual service
  -e, --edit-server         change a real server; what is not given returns to its default
  -d, --delete-server       delete a real server
  -L, -l, --list            list one virtual service, or all of them
  -Z, --zero                set the counters of one virtual service, or of all, to zero
  -S, --save                write the table as lines for -R
  -R, --restore             read lines from standard input and carry out each
  -h, --help                this text
  -v, --version             the version of ipvsadm that this one is compatible with

virtual-service:
  -t, --tcp-service ADDRESS:PORT    a TCP service; IPv6 as [ADDRESS]:PORT
  -u, --udp-service ADDRESS:PORT    a UDP service

Options:
  -s, --scheduler NAME      which real server gets a new connection (default wlc)
  -r, --real-server ADDRESS[:PORT]  the real server; without a port, the service's
  -g, --gatewaying          direct routing: the next hop is the real server (default)
  -m, --masquerading        NAT: the destination is the real server
  -w, --weight N            the share of the real server; 0: no new connections (default 1)
  -n, --numeric             addresses and ports as numbers
      --nosort              list in the director's own order
  -X, --exact               numbers in full

Options of ipvsadm that are not listed here are known and refused: ulvs does not support them yet.
`
