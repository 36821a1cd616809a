// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ulvs/ulvs/forward/poll"
)

// Device is the TUN device by which unwrapped packets come in: the name that
// firewall rules and tcpdump know.
const Device = "ulvs-decap"

// A DecapConfig says what is unwrapped. IPIP and GRE, in IPv4 and IPv6, always
// are.
type DecapConfig struct {
	GUE       []uint16     // UDP ports on which GUE is expected
	Directors []netip.Addr // who may send; none: whoever can
}

// Counts are what a Decap has done since its begin.
type Counts struct {
	Packets uint64        // unwrapped
	Bytes   uint64        // in them
	Written uint64        // packets and super-frames that the kernel was handed
	Drops   [drops]uint64 // by reason
}

// A Decap takes packets out of the tunnels of this host. One goroutine runs it.
type Decap struct {
	config  DecapConfig
	sockets []*socket
	tun     *tun
	burst   *burst
	merger  *merger
	poller  *poll.Poller

	now Counts // of the runner

	mu    sync.Mutex
	shown Counts // guarded by mu
}

// NewDecap opens the sockets and makes the device. From its return on, packets
// wait for Run.
func NewDecap(c DecapConfig) (*Decap, error) {
	if err := busyKernel(); err != nil {
		return nil, err
	}
	d := &Decap{config: c, burst: newBurst()}
	d.merger = newMerger(d.write)
	if err := d.open(); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

func (d *Decap) open() (err error) {
	if d.sockets, err = openSockets(d.config.GUE); err != nil {
		return err
	}
	if d.tun, err = openTun(Device); err != nil {
		return err
	}
	var fds []int
	for _, s := range d.sockets {
		fds = append(fds, s.fd)
	}
	if d.poller, err = poll.New(fds); err != nil {
		return fmt.Errorf("unwrap: %w", err)
	}
	return nil
}

// Close gives back everything: the device goes, and the kernel refuses tunnels
// as before. Nobody may Run any more.
func (d *Decap) Close() (err error) {
	for _, s := range d.sockets {
		err = errors.Join(err, unix.Close(s.fd))
	}
	if d.tun != nil {
		err = errors.Join(err, d.tun.close())
	}
	if d.poller != nil {
		err = errors.Join(err, d.poller.Close())
	}
	d.sockets, d.tun, d.poller = nil, nil, nil
	return err
}

// Run unwraps until the context ends.
func (d *Decap) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, d.poller.Wake)
	defer stop()
	for ctx.Err() == nil {
		if err := d.poller.Wait(time.Second); err != nil {
			return err
		}
		for d.round() && ctx.Err() == nil {
		}
	}
	return nil
}

// round reads each socket once, and reports whether there was anything.
func (d *Decap) round() (busy bool) {
	for _, s := range d.sockets {
		n := d.burst.receive(s.fd)
		for i := range n {
			d.take(s, i)
		}
		d.merger.flush()
		busy = busy || n > 0
	}
	if busy {
		d.show()
	}
	return busy
}

// take unwraps one message. It may hold several datagrams.
func (d *Decap) take(s *socket, i int) {
	if len(d.config.Directors) > 0 && !slices.Contains(d.config.Directors, d.burst.from(i)) {
		d.now.Drops[Stranger]++
		return
	}
	o := d.burst.outer(s, i)
	for o.seg > 0 && len(o.b) > o.seg {
		d.packet(s.wrap, o.b[:o.seg], o.class)
		o.b = o.b[o.seg:]
	}
	d.packet(s.wrap, o.b, o.class)
}

// packet unwraps one packet, and passes it on to be merged.
func (d *Decap) packet(w wrap, b []byte, class uint8) {
	b, why := w.unwrap(b)
	var p inner
	if why == none {
		p, why = readInner(b)
	}
	if why == none {
		why = p.congest(class)
	}
	if why != none {
		d.now.Drops[why]++
		return
	}
	d.now.Packets++
	d.now.Bytes += uint64(len(p.b))
	d.merger.add(p)
}

// write hands the kernel a packet or a super-frame.
func (d *Decap) write(h *vnetHeader, pieces [][]byte) {
	if d.tun.write(h, pieces) != nil {
		d.now.Drops[Refused]++
		return
	}
	d.now.Written++
}

// show makes the counts public.
func (d *Decap) show() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.shown = d.now
}

// Counts are those of this moment, with what the sockets had no room for. They
// may be asked for beside Run, but not after Close.
func (d *Decap) Counts() Counts {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.shown
	for _, s := range d.sockets {
		c.Drops[Overflow] += s.overflow()
	}
	return c
}
