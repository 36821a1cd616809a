// SPDX-License-Identifier: Apache-2.0

package nfqueue

import (
	"errors"
	"fmt"
	"os"

	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

// A Port is an interface of which the queue lends packets.
type Port struct {
	Index int        // as the host counts interfaces
	MAC   packet.MAC // whom frames are addressed to; they came as packets, and have lost who they were for
}

// A Link receives from a queue as a forward.Link does; it sends nothing. Like
// one it belongs to one goroutine, and an error of Recv is for good.
type Link struct {
	fd     int
	number uint16
	ports  []Port
	in     slots
	ids    []uint32 // of the lent packets, by their place in the batch; 0: has its verdict
	lent   int
	last   uint32   // the id of the last packet received
	held   int      // packets up to last that have no verdict yet
	out    []byte   // verdicts that are not sent yet
	lost   uint64   // packets that were received and not lent
	stats  *os.File // the kernel's counters; nil: there are none
}

// Open makes a queue in the network namespace of the calling thread, which
// needs CAP_NET_ADMIN there. Packets that come in by other interfaces than
// these are passed.
func Open(ports []Port) (*Link, error) {
	fd, number, err := bindQueue()
	if err != nil {
		return nil, fmt.Errorf("open a packet queue: %w", err)
	}
	l := &Link{
		fd: fd, number: number, ports: ports, in: newSlots(),
		ids: make([]uint32, slotCount), out: make([]byte, 0, (slotCount+1)*verdictLen),
	}
	l.stats, _ = os.Open("/proc/thread-self/net/netfilter/nfnetlink_queue") // without it, Lost knows less
	return l, nil
}

// Number is the queue's, for the rule that fills it.
func (l *Link) Number() uint16 { return l.number }

// Fd is readable while packets wait.
func (l *Link) Fd() int { return l.fd }

// String names the kind and the queue.
func (l *Link) String() string { return fmt.Sprintf("nfqueue: queue %d", l.number) }

// Close gives the queue back: the kernel drops what it still held for us.
func (l *Link) Close() error {
	err := unix.Close(l.fd)
	if l.stats != nil {
		err = errors.Join(err, l.stats.Close())
	}
	return err
}
