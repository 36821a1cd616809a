// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ulvs/ulvs/ctl"
	"github.com/ulvs/ulvs/forward"
	"github.com/ulvs/ulvs/forward/afpacket"
	"github.com/ulvs/ulvs/host"
	"golang.org/x/sys/unix"
)

// linger is how long a worker looks for more before it sleeps. Measured on two
// cores with one TCP stream by bench/bulk.
const linger = 30 * time.Microsecond

// journal is where it is written which offloads were turned off, for the next
// director to mend if this one and its watcher are both killed.
const journal = "/run/ulvs"

// A director is the engine with all that it stands on in this namespace.
type director struct {
	engine *forward.Engine
	links  []forward.Link
	ports  []host.Interface
	guard  *host.Guard
	marks  *marking
	unsure string         // why there is no guard
	off    *host.Offloads // what merges frames beyond what a link can pass on
	log    *slog.Logger
	start  time.Time
	busy   sync.WaitGroup // what follows the host
	facts  atomic.Pointer[host.Snapshot]
}

// newDirector takes the interfaces and sets up everything but the service of
// the control socket. What it took is given back if it fails.
func newDirector(ctx context.Context, o *runOptions, log *slog.Logger) (*director, error) {
	d := &director{log: log, start: time.Now()}
	snapshots := make(chan *host.Snapshot, 1)
	failed := make(chan error, 1)
	d.busy.Go(func() { d.watch(ctx, snapshots, failed) })
	select {
	case s := <-snapshots:
		d.facts.Store(s)
	case err := <-failed:
		return nil, fmt.Errorf("ask the host for its interfaces: %w", err)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := d.build(o); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if err := dropPrivileges(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	d.busy.Go(func() { d.follow(ctx, snapshots) })
	if d.marks.queue != nil {
		d.busy.Go(func() { d.watchRules(ctx) })
	}
	return d, nil
}

// watch passes the host's facts on, the newest only, until the context ends.
// If the kernel stops telling, it asks again.
func (d *director) watch(ctx context.Context, newest chan *host.Snapshot, failed chan<- error) {
	for ctx.Err() == nil {
		err := host.Watch(ctx, func(s *host.Snapshot) {
			select {
			case <-newest:
			default:
			}
			newest <- s
		})
		if ctx.Err() != nil {
			return
		}
		select {
		case failed <- err:
		default:
			d.log.Error("the host's changes are not followed for a moment", "err", err)
		}
		select {
		case <-time.After(time.Second):
		case <-ctx.Done():
		}
	}
}

// follow tells the engine what changes on the host, and lets it tidy up.
func (d *director) follow(ctx context.Context, snapshots <-chan *host.Snapshot) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case s := <-snapshots:
			err = d.adopt(s)
		case <-d.engine.News():
			err = d.engine.Tick(d.now())
		case <-tick.C:
			err = d.engine.Tick(d.now())
		}
		if err != nil {
			d.log.Error("could not follow the host", "err", err)
		}
	}
}

// adopt goes by what the host is now. The guard is where a port's name is.
func (d *director) adopt(s *host.Snapshot) error {
	d.facts.Store(s)
	var names []string
	for _, p := range d.ports {
		if i, ok := s.Interface(p.Index); ok {
			names = append(names, i.Name)
		}
	}
	var err error
	if d.guard != nil {
		err = d.guard.Follow(names)
	}
	return errors.Join(err, d.engine.SetHost(s))
}

func (d *director) now() time.Duration { return time.Since(d.start) }

// take opens a link on each interface that was named, or on all that can be had.
func (d *director) take(o *runOptions) error {
	s := d.facts.Load()
	if len(o.interfaces) == 0 {
		d.ports = s.Ports()
	}
	for _, name := range o.interfaces {
		if err := s.Refuse(name); err != nil {
			return err
		}
		i, _ := s.ByName(name)
		d.ports = append(d.ports, i)
	}
	if len(d.ports) == 0 {
		return errors.New("take interfaces: no Ethernet interface is up here: bring one up (ip link set eth0 up), or name one with -i")
	}
	for _, p := range d.ports {
		l, err := afpacket.Open(p.Name, afpacket.Config{Bypass: o.bypass})
		if err != nil {
			return explain(fmt.Errorf("take %s: %w", p.Name, err))
		}
		d.links = append(d.links, l)
	}
	return nil
}

// skipped names the interfaces that are left alone, and why.
func (d *director) skipped() (names []string) {
	s := d.facts.Load()
	for _, i := range s.Interfaces() {
		ours := slices.ContainsFunc(d.ports, func(p host.Interface) bool { return p.Index == i.Index })
		if ours || i.Name == "lo" {
			continue
		}
		if err := s.Refuse(i.Name); err != nil {
			names = append(names, err.Error())
		} else {
			names = append(names, i.Name+": not asked for, or it came later: start the director again to take it")
		}
	}
	return names
}

// explain adds what to do where privilege is what is missing.
func explain(err error) error {
	if errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("%w: this needs CAP_NET_RAW and CAP_NET_ADMIN: run it as root, or try \"ulvs lab up nat\", which needs neither", err)
	}
	return err
}

// build takes the ports, makes the guard and the engine, and applies the first
// rules.
func (d *director) build(o *runOptions) error {
	if err := d.take(o); err != nil {
		return err
	}
	names, indexes := []string{}, []int{}
	for _, p := range d.ports {
		names, indexes = append(names, p.Name), append(indexes, p.Index)
	}
	cfg := forward.Config{
		Links: d.links, Ports: indexes, Host: d.facts.Load(), Max: o.max, Now: d.now, Log: d.log, Linger: linger,
		Free: freePages, Rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
	}
	var err error
	if d.off, err = host.TurnOff(names, journal); err != nil {
		return explain(err)
	}
	if cfg.Guard, err = d.stand(names); err != nil {
		return err
	}
	if d.marks = noMarking(d.unsure); d.guard != nil {
		d.marks = newMarking(d.ports)
	}
	cfg.Marking = d.marks.config()
	if d.engine, err = forward.New(cfg); err != nil {
		return explain(err)
	}
	if o.rules == "" {
		return nil
	}
	return restore(context.Background(), d.engine, o.rules)
}

// freePages is the memory that the kernel's IPVS would call free, in pages: what
// nobody uses, and buffers.
func freePages() int {
	var i unix.Sysinfo_t
	if unix.Sysinfo(&i) != nil {
		return math.MaxInt
	}
	return int((uint64(i.Freeram) + uint64(i.Bufferram)) * uint64(i.Unit) / uint64(os.Getpagesize()))
}

// stand puts the guard up. Where the kernel has none, the director works
// without, and says so; where another director has one, it does not.
func (d *director) stand(names []string) (forward.Guard, error) {
	g, err := host.NewGuard(names)
	switch {
	case errors.Is(err, host.ErrOwned):
		return nil, err
	case errors.Is(err, os.ErrPermission):
		return nil, explain(err)
	case err != nil:
		d.unsure = err.Error()
		d.log.Warn("no guard: hold each VIP on no interface and keep ip_forward=0, or the host answers as well", "err", err)
		return nil, nil
	}
	d.guard = g
	return g, nil
}

// serve runs the engine and answers the control socket until the context ends.
func (d *director) serve(ctx context.Context, socket net.Listener) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	answered := make(chan error, 1)
	go func() {
		answered <- ctl.Serve(ctx, socket, d.engine, func() any { return d.status() })
		stop()
	}()
	for i, p := range d.ports {
		fmt.Fprintf(os.Stderr, "ulvs run: took %s (%s)\n", p.Name, d.links[i])
	}
	fmt.Fprintln(os.Stderr, `ulvs run: ready: "ulvs ipvsadm" is ipvsadm here, "ulvs status" tells what happens; Ctrl-C ends it`)
	err := d.engine.Run(ctx)
	stop()
	d.busy.Wait()
	return errors.Join(err, <-answered)
}

// close gives back all that was taken, the guard last: while links close, the
// host must not answer for us.
func (d *director) close() error {
	var errs []error
	for _, l := range d.links {
		errs = append(errs, l.Close())
	}
	if d.engine != nil {
		errs = append(errs, d.engine.Close())
	}
	if d.guard != nil {
		errs = append(errs, d.marks.close(), d.guard.Close())
	}
	if d.off != nil {
		errs = append(errs, d.off.Close())
	}
	return errors.Join(errs...)
}
