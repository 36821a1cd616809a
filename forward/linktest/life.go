// SPDX-License-Identifier: Apache-2.0

package linktest

import (
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

func downIsNoError(e *exam) {
	e.far.SetUp(false)
	batch := make([]packet.Packet, 4)
	for range 100 {
		if n, err := e.link.Recv(batch); n != 0 || err != nil {
			e.Fatalf("a port that is down lent %d, %v; want 0 and no error", n, err)
		}
	}
	for _, why := range e.try(e.numbered(0), e.draw(offloads[4])) {
		if why != packet.LinkDown {
			e.Errorf("sending through a port that is down: %v, want %v", why, packet.LinkDown)
		}
	}
	if fd := e.link.Fd(); fd >= 0 && readable(fd, 0) {
		e.Error("Fd stays readable while the port is down: its poller would never sleep")
	}
	e.far.SetUp(true)
	e.inject(e.numbered(1))
	e.same(e.one(), e.numbered(1))
	e.send(e.numbered(2))
	e.same(e.taken(), e.numbered(2))
}

func goneIsForGood(e *exam) {
	e.far.Remove()
	batch := make([]packet.Packet, 4)
	var err error
	for end := time.Now().Add(patience); err == nil && time.Now().Before(end); {
		_, err = e.link.Recv(batch)
	}
	if err == nil {
		e.Fatal("the port is gone, and Recv has not said so")
	}
	if n, err := e.link.Recv(batch); n != 0 || err == nil {
		e.Errorf("after its last word Recv lent %d, %v", n, err)
	}
	if why := e.try(e.numbered(0))[0]; why != packet.LinkDown {
		e.Errorf("sending through a port that is gone: %v, want %v", why, packet.LinkDown)
	}
}

// room is how many frames are too many for a link under examination; open must
// give it less. A kernel carries as many without losing some on the way.
const room = 900

// lostCounts floods the link until it says that it lost something.
func lostCounts(e *exam) {
	injected, lent := 0, 0
	for end := time.Now().Add(patience); e.link.Lost() == 0; {
		if time.Now().After(end) {
			e.Fatalf("%d frames that nobody took, and none is lost: open the link with less room", injected)
		}
		for range 16 {
			if injected < room {
				e.inject(e.numbered(injected))
				injected++
			}
		}
	}
	batch := make([]packet.Packet, 64)
	for end := time.Now().Add(patience); uint64(lent)+e.link.Lost() < uint64(injected) && time.Now().Before(end); {
		n, err := e.link.Recv(batch)
		if err != nil {
			e.Fatal(err)
		}
		lent += n
	}
	if got := uint64(lent) + e.link.Lost(); got != uint64(injected) {
		e.Errorf("%d frames were sent to the link; it lent %d and lost %d", injected, lent, e.link.Lost())
	}
	e.inject(e.numbered(0))
	e.same(e.one(), e.numbered(0))
}

func fdIsReadable(e *exam) {
	fd := e.link.Fd()
	if fd < 0 {
		e.Skip("this link has no Fd")
	}
	if readable(fd, 0) {
		e.Error("Fd is readable on an idle link")
	}
	for _, p := range []packet.Packet{e.numbered(1), e.sized(50000)} {
		e.inject(p)
		if !readable(fd, patience) {
			e.Fatal("a frame waits, and Fd is not readable")
		}
		e.same(e.one(), p)
		if n, err := e.link.Recv(make([]packet.Packet, 1)); n != 0 || err != nil {
			e.Fatalf("second Recv: %d, %v", n, err)
		}
		if readable(fd, 0) {
			e.Error("Fd stays readable when nothing waits")
		}
	}
}

func readable(fd int, patience time.Duration) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, _ := unix.Poll(fds, int(patience/time.Millisecond))
	return n > 0
}

// nothingAllocated looks at small frames and super-frames, and at nothing.
func nothingAllocated(e *exam) {
	batch, list, sent := make([]packet.Packet, 8), make([]*packet.Packet, 8), make([]packet.Drop, 8)
	for i := range batch {
		list[i] = &batch[i]
	}
	e.relay(batch, list, sent) // what is made when it is first needed is made now
	if n := e.relay(batch, list, sent); n != 0 {
		e.Errorf("%v allocations for a Recv and a Send", n)
	}
}

// relay sends back all sorts of frames and returns the allocations of a turn.
func (e *exam) relay(batch []packet.Packet, list []*packet.Packet, sent []packet.Drop) float64 {
	const rounds = 20
	for i := range rounds {
		e.inject(e.numbered(i), e.draw(offloads[4]), e.draw("192.0.2.1:7 > 198.51.100.1:9 udp len 100 vlan 7"))
	}
	moved, allocs := 0, 0.0
	for end := time.Now().Add(patience); moved < 3*rounds && time.Now().Before(end); {
		allocs += testing.AllocsPerRun(rounds, func() {
			n, _ := e.link.Recv(batch)
			e.link.Send(list[:n], sent)
			moved += n
		})
	}
	if moved != 3*rounds {
		e.Fatalf("%d of %d frames moved", moved, 3*rounds)
	}
	for range moved {
		e.taken()
	}
	return allocs
}

func stringSpeaks(e *exam) {
	if len(e.link.String()) < 3 {
		e.Errorf("the link calls itself %q", e.link.String())
	}
}
