// SPDX-License-Identifier: Apache-2.0

package command

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/forward"
	"github.com/ulvs/ulvs/forward/nfqueue"
	"github.com/ulvs/ulvs/host"
)

// A marking is the way of packets that rules of the host's own mark. Its tables
// are made when the first service wants a mark, and not before.
type marking struct {
	queue *nfqueue.Link
	ports []int

	mu     sync.Mutex
	tables *host.Marks
	unable error // why there are none
}

// newMarking opens the queue. Without it, only the director's own rules mark.
func newMarking(ports []host.Interface) *marking {
	m := &marking{}
	var of []nfqueue.Port
	for _, p := range ports {
		of = append(of, nfqueue.Port{Index: p.Index, MAC: p.MAC})
		m.ports = append(m.ports, p.Index)
	}
	m.queue, m.unable = nfqueue.Open(of)
	return m
}

// noMarking is the way where there is no guard: it cannot leave aside what it
// does not take, so each packet would come twice.
func noMarking(why string) *marking {
	return &marking{unable: errors.New("marks of the host's rules need the guard: " + why)}
}

// config is what the engine is told of it.
func (m *marking) config() forward.Marking {
	if m.queue == nil {
		return forward.Marking{}
	}
	return forward.Marking{Queue: m.queue, Guard: m, Aside: m.aside}
}

// aside finds out what the host's rules may mark. An error: it cannot be queued.
func (m *marking) aside(marks []uint32, tuples []host.Tuple) ([]host.Tuple, error) {
	if !m.stand() {
		return nil, m.unable
	}
	found, err := host.ReadMarking(marks, tuples)
	return found.Aside, err
}

// stand makes the tables; false: it cannot.
func (m *marking) stand() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.tables == nil && m.unable == nil {
		m.tables, m.unable = host.NewMarks(m.queue.Number(), m.ports)
	}
	return m.tables != nil
}

// Set fills the tables, if there are any.
func (m *marking) Set(g host.GuardSet) error {
	if len(g.Marks) == 0 && m.idle() || !m.stand() {
		return nil
	}
	return m.tables.Set(g)
}

func (m *marking) idle() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.tables == nil
}

// report says where marks come from, which no rule sets, and which rules of the
// host's set some that no service heeds, a line each, while services go by marks.
func (m *marking) report(services []ulvs.ServiceStatus, own []ulvs.MarkRule) (from, lost []string) {
	marks, tuples := marksOf(services), vips(services)
	if len(marks) == 0 {
		return nil, nil
	}
	if len(own) > 0 {
		from = append(from, fmt.Sprintf("%d rules of \"ulvs mark\"", len(own)))
	}
	found, err := host.ReadMarking(marks, tuples)
	switch {
	case err != nil:
		from = append(from, "the host's rules could not be read: "+err.Error())
	case !m.stand():
		return append(from, `only "ulvs mark" sets any: `+m.unable.Error()), found.Ineffective(m.unable)
	case len(found.Rules) > 0:
		from = append(from, found.Rules...)
		from = append(from, "what these mark comes by "+m.tables.String())
	}
	return append(from, unset(marks, tuples, own)...), found.Ineffective(nil)
}

// asked is for how many marks each status looks whether anything sets them.
const asked = 16

// unset says which marks no rule was found for: mostly a slip of the pen.
func unset(marks []uint32, tuples []host.Tuple, own []ulvs.MarkRule) (lines []string) {
	for _, mark := range marks[:min(len(marks), asked)] {
		if slices.ContainsFunc(own, func(r ulvs.MarkRule) bool { return mark&r.Mask == r.Mark }) {
			continue
		}
		if found, err := host.ReadMarking([]uint32{mark}, tuples); err == nil && len(found.Rules) == 0 {
			lines = append(lines, fmt.Sprintf("no rule was found that sets %d: the service -f %d gets no packets", mark, mark))
		}
	}
	return lines
}

// marksOf are the marks that services go by.
func marksOf(services []ulvs.ServiceStatus) (marks []uint32) {
	for _, s := range services {
		if s.Mark != 0 {
			marks = append(marks, s.Mark)
		}
	}
	slices.Sort(marks)
	return slices.Compact(marks)
}

// watchRules tells the engine when rules of the host change.
func (d *director) watchRules(ctx context.Context) {
	err := host.WatchRules(ctx, func() {
		if err := d.engine.RulesChanged(); err != nil {
			d.log.Error("could not follow the host's rules", "err", err)
		}
	})
	if ctx.Err() == nil {
		d.log.Error("the host's rules are not followed any more", "err", err)
	}
}

func (m *marking) close() error {
	var errs []error
	if m.tables != nil {
		errs = append(errs, m.tables.Close())
	}
	if m.queue != nil {
		errs = append(errs, m.queue.Close())
	}
	return errors.Join(errs...)
}
