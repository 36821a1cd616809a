// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/forward/poll"
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/neigh"
	"github.com/ulvs/ulvs/packet"
)

// A Guard keeps the host's own stack from answering or forwarding what the
// engine handles. *host.Guard is one.
type Guard interface {
	Set(host.GuardSet) error
}

// A Config is what an engine is made of.
type Config struct {
	Links   []Link               // one per port
	Ports   []int                // the interface behind each, by its index in the host
	Host    *host.Snapshot       // what the host knew at the start
	Guard   Guard                // nil: none, as in memory
	Marking Marking              // zero: the host's rules are not asked
	Max     int                  // connections; zero: DefaultMax
	Now     func() time.Duration // since the start; read once a batch
	Rand    *rand.Rand           // for schedulers, and for the table's secret
	Log     *slog.Logger         // nil: silent
	Free    func() int           // pages of memory that the host could give; nil: there is always enough
	Linger  time.Duration        // how long to look for more frames before sleeping
}

// DefaultMax is how many connections an engine can hold if nobody says.
const DefaultMax = 1 << 20

// An Engine forwards. Its exported methods may be called by anyone.
type Engine struct {
	cfg Config
	log *slog.Logger
	w   *worker

	mu       sync.Mutex // over the control side, below
	book     ledger
	pending  []func() // what the worker does when the book is published
	snapshot *host.Snapshot
	guarded  host.GuardSet // what the guard takes now
	unsure   bool          // it may take something else, see tell
	met      tuples        // as the worker had it
	reviewed time.Duration // when it was last looked which of them are in use
	aside    aside

	poller  *poll.Poller
	asks    chan func()
	askMu   sync.Mutex // one question at a time
	running bool       // under askMu: a worker is there to answer
}

// New is an engine that waits for Run, or, in virtual time, for Turn.
func New(c Config) (*Engine, error) {
	if len(c.Links) == 0 || len(c.Links) != len(c.Ports) || len(c.Links) > 256 {
		return nil, fmt.Errorf("make an engine: %d links for %d ports", len(c.Links), len(c.Ports))
	}
	if c.Max == 0 {
		c.Max = DefaultMax
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	fds := make([]int, len(c.Links))
	for i, l := range c.Links {
		fds[i] = l.Fd()
	}
	if c.Marking.Queue != nil {
		fds = append(fds, c.Marking.Queue.Fd())
	}
	poller, err := poll.New(fds)
	if err != nil {
		return nil, err
	}
	e := &Engine{cfg: c, log: c.Log, poller: poller, snapshot: c.Host, asks: make(chan func(), 16)}
	e.book.sysctls = defaultSysctls()
	e.w = newWorker(e)
	if err := e.publish(); err != nil {
		return nil, errors.Join(err, poller.Close())
	}
	return e, nil
}

func newWorker(e *Engine) *worker {
	w := &worker{
		cfg:    &config{host: e.cfg.Host, none: &dest{}},
		rivals: map[packet.Addr]packet.MAC{},
		silent: map[packet.Addr]bool{},
		astray: newAstray(),
		links:  e.cfg.Links,
		table:  conntrack.NewTable(e.cfg.Max, conntrack.Defaults(), e.cfg.Rand.Uint64()),
		frags:  conntrack.NewFragments(e.cfg.Rand.Uint64()),
		neigh:  neigh.New(4096),
		wait:   newWaiting(),
		batch:  make([]packet.Packet, Batch),
		sent:   make([]packet.Drop, lot),
		ports:  make([]traffic, len(e.cfg.Links)),
		dead:   make([]bool, len(e.cfg.Links)),
		unplug: e.poller.Drop,
		queue:  e.cfg.Marking.Queue,
		log:    e.log,
		met:    met{},
		news:   make(chan struct{}, 1),
	}
	if w.free = e.cfg.Free; w.free == nil {
		w.free = func() int { return math.MaxInt }
	}
	w.defence.sweep = conntrack.NewDefence(e.cfg.Rand, func(owner uint32) bool {
		d := w.cfg.dest(owner)
		return d.home != nil && d.home.how.onePacket
	})
	w.out = newOutbox(len(w.links), &w.drops)
	w.paths = paths{}
	w.limit.seed, w.pieces = e.cfg.Rand.Uint64(), e.cfg.Rand.Uint32()
	w.locals = conntrack.NewPorts(rand.New(rand.NewPCG(e.cfg.Rand.Uint64(), e.cfg.Rand.Uint64())))
	w.locals.Bar(e.cfg.Host.Ephemeral())
	w.gone, w.askFn, w.lostFn = w.release, w.ask, w.lost
	return w
}

// Run forwards until the context ends or a port is gone for good.
func (e *Engine) Run(ctx context.Context) error {
	runtime.LockOSThread() // a worker that keeps its core keeps its caches
	defer runtime.UnlockOSThread()
	stop := context.AfterFunc(ctx, e.poller.Wake)
	defer stop()
	e.start()
	defer e.settle()
	for ctx.Err() == nil {
		busy, err := e.Turn(e.cfg.Now())
		if err != nil {
			return fmt.Errorf("forward: %w", err)
		}
		if !busy && !e.linger() {
			if err := e.poller.Wait(e.w.patience()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Turn answers what was asked of the worker, then carries what waits at the
// ports, once. It reports whether anything waited. Run calls it; in virtual
// time a lesson does.
func (e *Engine) Turn(now time.Duration) (bool, error) {
	for {
		select {
		case f := <-e.asks:
			f()
		default:
			return e.w.turn(now)
		}
	}
}

// linger looks for more frames for a moment before the worker sleeps: waking
// up costs more than a few looks. It reports whether there are any.
func (e *Engine) linger() bool {
	if e.cfg.Linger == 0 || !e.w.worked {
		return false
	}
	for end := e.cfg.Now() + e.cfg.Linger; e.cfg.Now() < end; {
		if busy, err := e.Turn(e.cfg.Now()); busy || err != nil {
			return true
		}
	} // no Gosched: for a locked goroutine it is two thread switches
	e.w.worked = false
	return false
}

// settle ends the running state, when the worker has stopped: what was asked
// meanwhile is answered, what is asked later is answered at once.
func (e *Engine) settle() {
	for !e.askMu.TryLock() {
		select {
		case f := <-e.asks:
			f()
		default:
			runtime.Gosched()
		}
	}
	e.running = false
	e.askMu.Unlock()
}

// start begins the running state.
func (e *Engine) start() {
	e.askMu.Lock()
	e.running = true
	e.askMu.Unlock()
}

// ask runs f between two batches, where everything of the worker's can be
// read, and waits for it.
func (e *Engine) ask(f func()) {
	e.askMu.Lock()
	defer e.askMu.Unlock()
	if !e.running {
		f()
		return
	}
	done := make(chan struct{})
	e.asks <- func() { f(); close(done) }
	e.poller.Wake()
	<-done
}

// Close gives back what New took. The links are their owner's.
func (e *Engine) Close() error { return e.poller.Close() }
