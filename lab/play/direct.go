// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ulvs/ulvs"
)

// The commands of a lesson that are not ipvsadm's:
//
//	sysctl NAME=VALUE                          of net.ipv4.vs
//	ulvs mark add|del RULE                     in the words of ulvs.ParseMark
//	ulvs mark flush
//	iptables -t mangle -A|-D PREROUTING RULE   and ip6tables
//	iptables -t mangle -F [PREROUTING]
//
// They exit with 0, or 1 if they are refused, or 2 if nobody understands them.

// direct carries one of them out on a director.
func direct(ctx context.Context, d ulvs.Director, args []string) (Answer, error) {
	c, err := commandOf(args)
	if err != nil {
		return Answer{Err: err.Error(), Code: 2}, nil
	}
	if c.Verb == ulvs.FlushMarks && isIptables(args[0]) {
		err = flushFamily(ctx, d, args[0] == "iptables")
	} else {
		err = d.Do(ctx, c)
	}
	if err != nil {
		return Answer{Err: err.Error(), Code: 1}, nil
	}
	return Answer{}, nil
}

// flushFamily deletes the rules of one family, as iptables does.
func flushFamily(ctx context.Context, d ulvs.Director, is4 bool) error {
	rules, err := d.Marks(ctx)
	for _, r := range rules {
		if r.Dst.Addr().Is4() == is4 {
			err = errors.Join(err, d.Do(ctx, ulvs.Command{Verb: ulvs.DeleteMark, Mark: r}))
		}
	}
	return err
}

// commandOf is what a command line says.
func commandOf(args []string) (ulvs.Command, error) {
	switch {
	case args[0] == "sysctl":
		return sysctlOf(args)
	case isIptables(args[0]):
		return iptablesOf(args)
	case len(args) > 2 && args[0] == "ulvs" && args[1] == "mark":
		return markOf(args[2], args[3:])
	}
	return ulvs.Command{}, fmt.Errorf("%s: a lesson knows ipvsadm, sysctl NAME=VALUE, ulvs mark, iptables -t mangle", strings.Join(args, " "))
}

func sysctlOf(args []string) (c ulvs.Command, err error) {
	if len(args) != 2 || !strings.Contains(args[1], "=") {
		return c, errors.New("sysctl wants NAME=VALUE, of net.ipv4.vs")
	}
	c.Verb = ulvs.SetSysctl
	c.Sysctl.Name, c.Sysctl.Value, _ = strings.Cut(args[1], "=")
	return c, nil
}

// markOf reads what stands behind ulvs mark.
func markOf(verb string, words []string) (c ulvs.Command, err error) {
	switch verb {
	case "flush":
		c.Verb = ulvs.FlushMarks
		return c, nil
	case "add":
		c.Verb = ulvs.AddMark
	case "del":
		c.Verb = ulvs.DeleteMark
	default:
		return c, fmt.Errorf("ulvs mark %s: there are add, del and flush", verb)
	}
	c.Mark, err = ulvs.ParseMark(words)
	return c, err
}

func isIptables(program string) bool { return program == "iptables" || program == "ip6tables" }

// iptablesOf reads what iptables or ip6tables is told.
func iptablesOf(args []string) (c ulvs.Command, err error) {
	if len(args) < 4 || args[1] != "-t" || args[2] != "mangle" {
		return c, fmt.Errorf("%s: a lesson says only -t mangle -A, -D or -F PREROUTING", args[0])
	}
	verb := map[string]string{"-A": "add", "-D": "del", "-F": "flush"}[args[3]]
	if verb != "flush" && (len(args) < 5 || args[4] != "PREROUTING") {
		return c, fmt.Errorf("%s: a lesson knows only the chain PREROUTING", args[0])
	}
	if verb == "flush" {
		return markOf(verb, nil)
	}
	family := map[string]string{"iptables": "-4", "ip6tables": "-6"}[args[0]]
	return markOf(verb, append([]string{family}, args[5:]...))
}
