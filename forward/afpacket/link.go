// SPDX-License-Identifier: Apache-2.0

package afpacket

import (
	"errors"
	"fmt"
	"net"

	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

// A Link is a forward.Link on the packet sockets of one interface. It belongs
// to one goroutine.
type Link struct {
	name  string
	recv  int // the socket with the ring
	plain int // sends frames straight to the driver, past the queueing discipline
	super int // sends super-frames the long way, where the kernel cuts what the driver cannot
	ring  ring
	lane  lane
	out   outgoing

	sending []*packet.Packet // while Send runs: keeps the frames where they are
	lost    uint64
	idle    uint8
	gone    error // the interface was removed
}

// Open takes the interface of that name in the current network namespace. It
// needs CAP_NET_RAW there.
func Open(ifname string, cfg Config) (*Link, error) {
	ifi, err := net.InterfaceByName(ifname)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", ifname, err)
	}
	l := &Link{name: ifname, recv: -1, plain: -1, super: -1}
	if err := l.open(ifi, cfg); err != nil {
		return nil, errors.Join(fmt.Errorf("open %s: %w", ifname, err), l.Close())
	}
	return l, nil
}

func (l *Link) open(ifi *net.Interface, cfg Config) (err error) {
	if l.recv, err = deafSocket(ifi); err != nil {
		return err
	}
	roomy := !cfg.Wide && widen(l.recv, cfg)
	if err = prepare(l.recv); err != nil {
		return err
	}
	if l.ring, err = newRing(l.recv, layoutFor(ifi.MTU, roomy).with(cfg.Slots)); err != nil {
		return err
	}
	if l.ring.lane {
		if l.lane, err = newLane(l.recv); err != nil {
			return err
		}
	}
	if l.out, err = newOutgoing(); err != nil {
		return err
	}
	if err = hearGroups(l.recv, ifi.Index); err != nil {
		return err
	}
	options := []int{unix.PACKET_VNET_HDR}
	if cfg.Bypass {
		options = append(options, unix.PACKET_QDISC_BYPASS)
	}
	if l.plain, err = sender(ifi.Index, options...); err != nil {
		return err
	}
	if l.super, err = sender(ifi.Index, unix.PACKET_VNET_HDR); err != nil {
		return err
	}
	return listen(l.recv)
}

// Fd is readable while frames wait.
func (l *Link) Fd() int { return l.recv }

// Lost counts what the ring had no room for, and what came without its rest.
func (l *Link) Lost() uint64 {
	// Reading the kernel's counters sets them back to zero.
	if s, err := unix.GetsockoptTpacketStats(l.recv, unix.SOL_PACKET, unix.PACKET_STATISTICS); err == nil {
		l.lost += uint64(s.Drops)
	}
	return l.lost
}

// String names the kind and the layout of the ring.
func (l *Link) String() string { return "afpacket: " + l.ring.layout.String() }

// Close gives everything back; frames that are lent are gone.
func (l *Link) Close() error {
	var errs []error
	for _, m := range []*[]byte{&l.ring.mem, &l.lane.all, &l.out.mem} {
		if *m != nil {
			errs = append(errs, unix.Munmap(*m))
			*m = nil
		}
	}
	for _, fd := range []*int{&l.recv, &l.plain, &l.super} {
		if *fd >= 0 {
			errs = append(errs, unix.Close(*fd))
			*fd = -1
		}
	}
	return errors.Join(errs...)
}
