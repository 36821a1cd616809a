// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/ipvsadm"
	"github.com/ulvs/ulvs/sched"
)

// lookupTime is how long the name of one address may take to be found.
const lookupTime = 5 * time.Second

// ipvsadmMain is ipvsadm, ipvsadm-save or ipvsadm-restore, as argv0 says; it
// returns what the process exits with. A --socket before all other words names
// the director's socket; the original has no such option.
func ipvsadmMain(argv0 string, args []string, in io.Reader, out, err io.Writer) int {
	socket, args := socketFlag(args)
	p := ipvsadm.Program{
		Argv0: argv0,
		Dial: func(context.Context) (ulvs.Director, error) {
			c, err := dial(socket)
			if err != nil {
				return nil, err // not c: a nil *Client is no nil Director
			}
			return c, nil
		},
		Names:      systemNames(),
		Schedulers: sched.Names(),
		In:         in, Out: out, Err: err,
	}
	return p.Main(context.Background(), args)
}

// socketFlag takes --socket ADDR or --socket=ADDR off the front of args.
func socketFlag(args []string) (string, []string) {
	if len(args) > 1 && args[0] == "--socket" {
		return args[1], args[2:]
	}
	if len(args) > 0 {
		if addr, ok := strings.CutPrefix(args[0], "--socket="); ok {
			return addr, args[1:]
		}
	}
	return "", args
}

// systemNames are the names that the machine's resolver and /etc/services know.
func systemNames() ipvsadm.Names {
	n := ipvsadm.Names{Addr: lookupAddr, Host: remember(lookupHost)}
	if f, err := os.Open("/etc/services"); err == nil {
		defer f.Close()
		s := ipvsadm.ReadServices(f)
		n.Port, n.Service = s.Port, s.Name
	}
	return n
}

// lookupPort is the port of a service, as /etc/services has it.
func lookupPort(service string, p ulvs.Proto) (uint16, bool) {
	port, err := net.LookupPort(strings.ToLower(p.String()), service)
	return uint16(port), err == nil
}

// remember asks for the same thing once only: a listing has many ports of few
// addresses, and a name that nobody knows takes its time.
func remember[K comparable](ask func(K) (string, bool)) func(K) (string, bool) {
	known := map[K]string{}
	return func(k K) (string, bool) {
		if _, asked := known[k]; !asked {
			known[k], _ = ask(k)
		}
		return known[k], known[k] != ""
	}
}

// lookupAddr is the first IPv4 address of a host.
func lookupAddr(host string) (netip.Addr, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip4", host)
	if err != nil || len(addrs) == 0 {
		return netip.Addr{}, false
	}
	return addrs[0].Unmap(), true
}

// lookupHost is the first name of an address.
func lookupHost(a netip.Addr) (string, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), lookupTime)
	defer cancel()
	names, err := net.DefaultResolver.LookupAddr(ctx, a.String())
	if err != nil || len(names) == 0 {
		return "", false
	}
	return strings.TrimSuffix(names[0], "."), true
}
