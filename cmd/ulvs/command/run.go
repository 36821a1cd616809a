// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ulvs/ulvs/ctl"
	"github.com/ulvs/ulvs/forward"
)

// runOptions are what `ulvs run` was told.
type runOptions struct {
	interfaces []string
	link       string
	workers    int
	rules      string
	socket     string
	max        int
	bypass     bool
}

func runCommand() *cobra.Command {
	var o runOptions
	c := &cobra.Command{
		Use:   "run",
		Short: "the director, in the foreground, in this network namespace",
		Long: `The director, in the foreground, in the current network namespace.

Without -i it takes every Ethernet interface that is up and has no master and
no upper device. It is ready when "ulvs status" exits 0; SIGTERM and SIGINT end
it, and what it changed on the host is then as it was.`,
		Example: "  ulvs run -i eth0 &\n  ulvs ipvsadm -A -t 192.168.0.200:80 -s rr",
		Args:    onlyArgs("run", "it takes no words: -i names an interface", 0),
		RunE:    func(*cobra.Command, []string) error { return o.run() },
	}
	f := c.Flags()
	f.VarP(&words{&o.interfaces}, "interface", "i", "take this `interface` (repeat for several)")
	f.StringVar(&o.link, "link", "auto", "how packets are taken: `auto` or afpacket")
	f.IntVar(&o.workers, "workers", 1, "workers that carry packets: one, for now")
	f.StringVar(&o.rules, "rules", "", "begin with the rules of a `file`, as ipvsadm-save writes them")
	f.StringVar(&o.socket, "socket", "", "control socket, `@NAME` or a path\n(default $ULVS_SOCKET, else @ulvs)")
	f.BoolVar(&o.bypass, "bypass", false, "send past the queueing discipline: a little quicker,\nbut tcpdump on this host sees only what arrives")
	f.IntVar(&o.max, "max-connections", forward.DefaultMax, "room in the connection table")
	return c
}

// check refuses what cannot be meant, or is not there yet.
func (o *runOptions) check() error {
	switch {
	case o.link != "auto" && o.link != "afpacket":
		return usage("run: --link %s: only auto and afpacket are there yet", o.link)
	case o.workers != 1:
		return usage("run: --workers %d: one worker is all there is yet", o.workers)
	case len(slices.Compact(slices.Sorted(slices.Values(o.interfaces)))) < len(o.interfaces):
		return usage("run: -i %s: an interface is named twice: name each once", strings.Join(o.interfaces, " -i "))
	case o.max < 1 || o.max > 1<<26:
		return usage("run: --max-connections %d: must be 1 to %d", o.max, 1<<26)
	}
	return nil
}

func usage(format string, args ...any) error {
	return exitError{exitUsage, fmt.Errorf(format, args...)}
}

func (o *runOptions) run() error {
	if err := o.check(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	socket, err := ctl.Listen(ctl.DefaultAddr(o.socket))
	if err != nil {
		return fail("run: %w", err)
	}
	defer socket.Close()
	d, err := newDirector(ctx, o, log)
	if err != nil {
		return fail("run: %w", err)
	}
	err = errors.Join(d.serve(ctx, socket), d.close())
	if err != nil {
		return fail("run: %w", err)
	}
	return nil
}

// words is a flag that may be given several times.
type words struct{ list *[]string }

// Set adds one more.
func (w *words) Set(s string) error { *w.list = append(*w.list, s); return nil }

// String is what the flag has gathered.
func (w *words) String() string {
	if w.list == nil {
		return ""
	}
	return strings.Join(*w.list, " ")
}

// Type is how help names a value.
func (w *words) Type() string { return "interface" }
