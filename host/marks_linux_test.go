// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ulvs/ulvs/forward/nfqueue"
	"github.com/ulvs/ulvs/packet"
)

// TestMarksAgreeWithAside sends packets put together by chance, none marked, to
// a host with guard and queue, and compares what comes from the queue with the
// predicate. What the guard takes must not come.
func TestMarksAgreeWithAside(t *testing.T) {
	namespace(t)
	w := newWire(t)
	set := guardSet()
	set.Marks = []uint32{1}
	must(t, guarding(t, "d0").Set(set))
	q := queueing(t, w.device, set)
	taken := Compile(set)
	rnd := rand.New(rand.NewPCG(5, 6))
	came := map[packet.Frag]int{}
	for i := range 5000 {
		b := frame(w.mac, packet.MAC{4}, casts[i%2].byChance(rnd, false).bytes())
		p := lent(b, true)
		if p.Parse() != packet.None {
			continue
		}
		passed, got := w.passes(b), q.got(b)
		if want := taken.Aside(p); got != want || got && !passed {
			t.Fatalf("queued: %v, predicate: %v, passed the guard: %v: % x", got, want, passed, b[14:])
		}
		if got {
			came[p.Frag]++
		}
	}
	if came[packet.Whole] < 20 || came[packet.First] < 8 || came[packet.Later] < 100 {
		t.Errorf("of too few sorts came some: %v", came)
	}
}

// TestMarksQueueNothingWithout asks that no mark is honoured, though tuples are
// aside.
func TestMarksQueueNothingWithout(t *testing.T) {
	namespace(t)
	w := newWire(t)
	set := guardSet()
	q := queueing(t, w.device, set)
	b := frame(w.mac, packet.MAC{4}, casts[0].in(casts[0].aside, 80, tcp).bytes())
	p := lent(b, true)
	p.Parse()
	if w.passes(b); q.got(b) || Compile(set).Aside(p) {
		t.Error("it was queued")
	}
}

// TestMarksAreOne allows one director in a namespace.
func TestMarksAreOne(t *testing.T) {
	namespace(t)
	w := newWire(t)
	queueing(t, w.device, GuardSet{})
	if _, err := NewMarks(1, nil); err == nil || !strings.Contains(err.Error(), "stop the other director") {
		t.Errorf("once more: %v", err)
	}
}

// An exit is the end of the queue.
type exit struct {
	t     *testing.T
	link  *nfqueue.Link
	batch []packet.Packet
}

func queueing(t *testing.T, device int, set GuardSet) *exit {
	t.Helper()
	l, err := nfqueue.Open([]nfqueue.Port{{Index: device}})
	must(t, err)
	t.Cleanup(func() { l.Close() })
	m, err := NewMarks(l.Number(), []int{device})
	must(t, err)
	t.Cleanup(func() { m.Close() })
	must(t, m.Set(set))
	return &exit{t, l, make([]packet.Packet, 8)}
}

// got reports whether the packet of that frame came, and nothing else.
func (e *exit) got(b []byte) bool {
	e.t.Helper()
	n, err := e.link.Recv(e.batch)
	must(e.t, err)
	if n == 0 {
		return false
	}
	p := &e.batch[0]
	if n > 1 || !bytes.Equal(p.Buf[p.Off+14:p.End], b[14:]) {
		e.t.Fatalf("%d packets came, the first %s", n, p.Text())
	}
	return true
}
