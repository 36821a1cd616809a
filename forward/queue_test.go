// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/packet"
)

// A fakeQueue lends what a test puts in, until it breaks.
type fakeQueue struct {
	lines  []string
	broken error
	passed []int
}

func (q *fakeQueue) Fd() int    { return -1 }
func (q *fakeQueue) Pass(i int) { q.passed = append(q.passed, i) }

func (q *fakeQueue) Recv(batch []packet.Packet) (int, error) {
	n := 0
	for i, line := range q.lines {
		batch[i] = frame(line, make([]byte, room))
		batch[i].Mark = 7
		n++
	}
	q.lines = nil
	return n, q.broken
}

// marksGuard is what puts packets into the queue.
type marksGuard struct{ set host.GuardSet }

func (m *marksGuard) Set(g host.GuardSet) error { m.set = g; return nil }

// queued is a bench with a queue.
func queued(t *testing.T) (*bench, *fakeQueue, *marksGuard) {
	b, q, m := &bench{t: t, eth: [2]*wire{{}, {}}}, &fakeQueue{}, &marksGuard{}
	e, err := New(Config{
		Links: []Link{b.eth[0], b.eth[1]}, Ports: []int{1, 2}, Host: host.Build(facts()), Guard: b, Max: 1 << 10,
		Now: func() time.Duration { return b.now }, Rand: rand.New(rand.NewPCG(1, 2)),
		Marking: Marking{Queue: q, Guard: m, Aside: func([]uint32, []host.Tuple) ([]host.Tuple, error) { return nil, nil }},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.Engine = e
	t.Cleanup(func() { _ = e.Close() })
	farm(b, byMark(7, "rr"), "10.0.0.1:0")
	return b, q, m
}

// What comes by the queue goes to the mark's service; what is nobody's there is
// given back, and what comes by the port besides is left alone.
func TestQueue(t *testing.T) {
	b, q, m := queued(t)
	if len(m.set.Marks) != 1 || m.set.Marks[0] != 7 {
		t.Fatalf("queued: %+v", m.set)
	}
	const syn = "198.51.100.7:1 > 192.0.2.1:80 tcp S"
	b.want(0, syn, "not ours")
	q.lines = []string{"198.51.100.7:1 > 192.0.2.1:80 tcp A", syn}
	b.want(0, "198.51.100.7:9 > 192.0.2.9:9 udp", "eth1 198.51.100.7:1 > 10.0.0.1:80 tcp S ttl 63 to 02:00:0a:00:00:01; not ours")
	if len(q.passed) != 1 || q.passed[0] != 0 {
		t.Errorf("passed %v, want the ACK", q.passed)
	}
}

// A queue that breaks is filled no more.
func TestQueueBreaks(t *testing.T) {
	b, q, m := queued(t)
	q.broken = errors.New("gone")
	b.in(0, "198.51.100.7:9 > 192.0.2.9:9 udp")
	if err := b.Tick(b.now); err != nil {
		t.Fatal(err)
	}
	if len(m.set.Marks) != 0 {
		t.Errorf("still queued: %+v", m.set)
	}
}
