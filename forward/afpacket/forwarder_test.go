// SPDX-License-Identifier: Apache-2.0

package afpacket_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ulvs/ulvs/forward/afpacket"
	"github.com/ulvs/ulvs/packet"
	"golang.org/x/sys/unix"
)

// A wireForwarder carries every frame from each of two links to the other, as a
// cable would: left – a [middle] b – right.
type wireForwarder struct {
	links [2]*afpacket.Link
	stop  int
	done  sync.WaitGroup
	seen  [2]seen
	count atomic.Int64  // frames from the first link
	spent time.Duration // of the processor, by the forwarder's thread
}

// seen is what came through in one direction.
type seen struct {
	batches, frames, bytes, super, partial, tagged int
	drops                                          [packet.Drops]int
}

// carry starts a forwarder in the middle that ends with the test.
func carry(t testing.TB, middle *place, a, b string, cfg afpacket.Config) *wireForwarder {
	t.Helper()
	f := &wireForwarder{}
	middle.do(func() (err error) {
		if f.links[0], err = afpacket.Open(a, cfg); err != nil {
			return err
		}
		f.links[1], err = afpacket.Open(b, cfg)
		return err
	})
	var err error
	f.stop, err = unix.Eventfd(0, unix.EFD_CLOEXEC)
	must(t, err)
	f.done.Go(func() { f.run(t) })
	t.Cleanup(f.end)
	return f
}

func (f *wireForwarder) end() {
	if f.stop < 0 {
		return
	}
	_, _ = unix.Write(f.stop, []byte{1, 0, 0, 0, 0, 0, 0, 0})
	f.done.Wait()
	for _, l := range f.links {
		_ = l.Close()
	}
	_ = unix.Close(f.stop)
	f.stop = -1
}

func (f *wireForwarder) run(t testing.TB) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	before := threadTime()
	defer func() { f.spent = threadTime() - before }()
	fds := []unix.PollFd{
		{Fd: int32(f.links[0].Fd()), Events: unix.POLLIN},
		{Fd: int32(f.links[1].Fd()), Events: unix.POLLIN},
		{Fd: int32(f.stop), Events: unix.POLLIN},
	}
	batch := make([]packet.Packet, 64)
	for fds[2].Revents == 0 {
		busy := 0
		for i := range f.links {
			n, err := f.links[i].Recv(batch)
			if err != nil {
				t.Error(err)
				return
			}
			f.send(i, batch[:n])
			busy += n
		}
		if busy == 0 {
			_, _ = unix.Poll(fds, -1)
		}
	}
}

// send sends what came from link i to the other one.
func (f *wireForwarder) send(i int, batch []packet.Packet) {
	var list [64]*packet.Packet
	var sent [64]packet.Drop
	s := &f.seen[i]
	if len(batch) > 0 {
		s.batches++
	}
	for k := range batch {
		p := &batch[k]
		list[k] = p
		s.frames++
		s.bytes += p.End - p.Off
		if p.Offload.Kind != packet.GSONone {
			s.super++
		}
		if p.Offload.Partial {
			s.partial++
		}
		if p.VLAN != 0 {
			s.tagged++
		}
	}
	if i == 0 {
		f.count.Add(int64(len(batch)))
	}
	f.links[1-i].Send(list[:len(batch)], sent[:])
	for _, d := range sent[:len(batch)] {
		s.drops[d]++
	}
}

// threadTime is how long this thread has had a processor.
func threadTime() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
	return time.Duration(ts.Nano())
}

// report adds to a benchmark what a frame cost the forwarder, which is less
// disturbed by others on the machine than the time that went by.
func (f *wireForwarder) report(b *testing.B) {
	s, back := f.seen[0], f.seen[1]
	b.ReportMetric(float64(f.spent)/float64(max(s.frames+back.frames, 1)), "cpu-ns/frame")
	b.ReportMetric(float64(s.frames)/float64(max(s.batches, 1)), "frames/batch")
}
