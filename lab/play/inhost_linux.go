// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"errors"
	"os/exec"
	"strings"

	"github.com/ulvs/ulvs"
)

// inHost carries a command out on this thread's host, with the programs that
// are installed there.
func inHost(ctx context.Context, args []string, in string) (Answer, error) {
	switch args[0] {
	case "sysctl":
		return setHere(args)
	case "iptables", "ip6tables":
		return iptables(ctx, args[0], args[1:])
	case "ulvs":
		return markHere(ctx, args)
	}
	return execute(exec.CommandContext(ctx, args[0], args[1:]...), in)
}

// setHere writes a sysctl of this network namespace.
func setHere(args []string) (Answer, error) {
	c, err := sysctlOf(args)
	if err != nil {
		return Answer{Err: err.Error(), Code: 2}, nil
	}
	if strings.ContainsAny(c.Sysctl.Name, "/.") {
		return Answer{}, errors.New("sysctl: a lesson names only those of net.ipv4.vs, without that prefix")
	}
	if err := set("net/ipv4/vs/"+c.Sysctl.Name, c.Sysctl.Value); err != nil {
		return Answer{Err: err.Error(), Code: 1}, nil
	}
	return Answer{}, nil
}

// iptables runs the iptables that talks to x_tables, and waits for its turn: all
// lessons share one lock.
func iptables(ctx context.Context, program string, args []string) (Answer, error) {
	return execute(exec.CommandContext(ctx, program+"-legacy", append([]string{"-w"}, args...)...), "")
}

// markHere says ulvs mark in iptables's words.
func markHere(ctx context.Context, args []string) (Answer, error) {
	c, err := commandOf(args)
	if err != nil {
		return Answer{Err: err.Error(), Code: 2}, nil
	}
	if c.Verb == ulvs.FlushMarks {
		a, err := iptables(ctx, "iptables", []string{"-t", "mangle", "-F", "PREROUTING"})
		if err != nil || a.Code != 0 {
			return a, err
		}
		return iptables(ctx, "ip6tables", []string{"-t", "mangle", "-F", "PREROUTING"})
	}
	program := "iptables"
	if c.Mark.Dst.Addr().Is6() {
		program = "ip6tables"
	}
	verb := map[ulvs.Verb]string{ulvs.AddMark: "-A", ulvs.DeleteMark: "-D"}[c.Verb]
	return iptables(ctx, program, append([]string{"-t", "mangle", verb, "PREROUTING"}, c.Mark.Words()...))
}
