// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"time"

	"github.com/ulvs/ulvs/ctl"
	"github.com/ulvs/ulvs/forward"
	"github.com/ulvs/ulvs/forward/afpacket"
	"github.com/ulvs/ulvs/host"
)

// linger is how long a worker looks for more before it sleeps. Measured on two
// cores with one TCP stream: see docs/figures.md.
const linger = 30 * time.Microsecond

// journal is where it is written which offloads were turned off, for the next
// director to mend if this one and its watcher are both killed.
const journal = "/run/ulvs"

// A director is the engine with all that it stands on in this namespace.
type director struct {
	engine  *forward.Engine
	links   []forward.Link
	ports   []host.Interface
	skipped []string
	guard   *host.Guard
	off     *host.Offloads // what merges frames beyond what a link can pass on
	unsure  string         // why there is no guard
	log     *slog.Logger
	start   time.Time
}

// newDirector takes the interfaces and sets up everything but the service of
// the control socket. What it took is given back if it fails.
func newDirector(ctx context.Context, o *runOptions, log *slog.Logger) (*director, error) {
	d := &director{log: log, start: time.Now()}
	snapshots := make(chan *host.Snapshot, 1)
	first, err := watch(ctx, snapshots)
	if err != nil {
		return nil, err
	}
	if err := d.take(first, o.interfaces); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if err := d.build(first, o); err != nil {
		return nil, errors.Join(err, d.close())
	}
	if err := dropPrivileges(); err != nil {
		return nil, errors.Join(err, d.close())
	}
	go d.follow(ctx, snapshots)
	return d, nil
}

// watch follows the host's facts, and returns the first of them.
func watch(ctx context.Context, newest chan *host.Snapshot) (*host.Snapshot, error) {
	first := make(chan *host.Snapshot, 1)
	failed := make(chan error, 1)
	go func() {
		failed <- host.Watch(ctx, func(s *host.Snapshot) {
			select {
			case first <- s:
				return
			default:
			}
			select { // only the newest counts
			case <-newest:
			default:
			}
			newest <- s
		})
	}()
	select {
	case s := <-first:
		first <- s // full from now on
		return s, nil
	case err := <-failed:
		return nil, fmt.Errorf("ask the host for its interfaces: %w", err)
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
			err = d.engine.SetHost(s)
		case <-tick.C:
			err = d.engine.Tick(d.now())
		}
		if err != nil {
			d.log.Error("could not follow the host", "err", err)
		}
	}
}

func (d *director) now() time.Duration { return time.Since(d.start) }

// take opens a link on each interface that was named, or on all that can be had.
func (d *director) take(s *host.Snapshot, names []string) error {
	if len(names) == 0 {
		d.ports, d.skipped = s.Ports(), skipped(s)
	}
	for _, name := range names {
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
		l, err := afpacket.Open(p.Name, afpacket.Config{})
		if err != nil {
			return explain(fmt.Errorf("take %s: %w", p.Name, err))
		}
		d.links = append(d.links, l)
	}
	return nil
}

// skipped names the interfaces that are left alone, and why.
func skipped(s *host.Snapshot) (names []string) {
	for _, i := range s.Interfaces() {
		if err := s.Refuse(i.Name); err != nil && i.Name != "lo" {
			names = append(names, err.Error())
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

// build makes the guard and the engine, and applies the first rules.
func (d *director) build(s *host.Snapshot, o *runOptions) error {
	names, indexes := []string{}, []int{}
	for _, p := range d.ports {
		names, indexes = append(names, p.Name), append(indexes, p.Index)
	}
	cfg := forward.Config{
		Links: d.links, Ports: indexes, Host: s, Max: o.max, Now: d.now, Log: d.log, Linger: linger,
		Rand: rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())),
	}
	var err error
	if d.off, err = host.TurnOff(names, journal); err != nil {
		return explain(err)
	}
	if d.guard, err = host.NewGuard(names); err != nil {
		d.unsure = err.Error()
		d.log.Warn("no guard: hold each VIP on no interface and keep ip_forward=0, or the host answers as well", "err", err)
	} else {
		cfg.Guard = d.guard
	}
	if d.engine, err = forward.New(cfg); err != nil {
		return explain(err)
	}
	if o.rules == "" {
		return nil
	}
	return restore(context.Background(), d.engine, o.rules)
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
		d.log.Info("took", "interface", p.Name, "link", d.links[i].String())
	}
	err := d.engine.Run(ctx)
	stop()
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
		errs = append(errs, d.guard.Close())
	}
	if d.off != nil {
		errs = append(errs, d.off.Close())
	}
	return errors.Join(errs...)
}
