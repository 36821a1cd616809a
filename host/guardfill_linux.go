// SPDX-License-Identifier: Apache-2.0

package host

import (
	"fmt"
	"maps"
	"slices"

	"github.com/google/nftables"
)

// Limits of one netlink message and of one batch, in elements: a message must
// stay under 64 KiB, and a batch must fit the socket's send buffer, which
// without privilege cannot grow past 208 KiB.
const (
	messageElements = 500
	batchElements   = 4000
)

// Set makes the guard take exactly what want says. Only differences are sent.
// Up to batchElements of them the kernel changes over between two packets;
// more come in several steps, additions before removals.
func (g *Guard) Set(want GuardSet) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := want.contents()
	f := filling{guard: g}
	if g.have == nil {
		f.empty()
	}
	for _, name := range slices.Sorted(maps.Keys(g.sets)) {
		f.add(name, minus(next[name], g.have[name]))
	}
	f.vary(&want)
	for _, name := range slices.Sorted(maps.Keys(g.sets)) {
		f.remove(name, minus(g.have[name], next[name]))
	}
	g.have = nil
	if err := f.flush(); err != nil {
		return fmt.Errorf("fill the guard: %w", err)
	}
	g.have = next
	g.vary.shown = g.vary.next
	return nil
}

// minus are the keys of a that b has not.
func minus(a, b map[string]struct{}) []nftables.SetElement {
	var out []nftables.SetElement
	for k := range a {
		if _, ok := b[k]; !ok {
			out = append(out, nftables.SetElement{Key: []byte(k)})
		}
	}
	return out
}

// A filling gathers changes into batches; the first error ends it.
type filling struct {
	guard   *Guard
	pending int
	err     error
}

func (f *filling) empty() {
	for _, s := range f.guard.sets {
		f.guard.nft.FlushSet(s)
	}
}

func (f *filling) add(set string, list []nftables.SetElement) {
	f.each(list, func(part []nftables.SetElement) error {
		return f.guard.nft.SetAddElements(f.guard.sets[set], part)
	})
}

func (f *filling) remove(set string, list []nftables.SetElement) {
	f.each(list, func(part []nftables.SetElement) error {
		return f.guard.nft.SetDeleteElements(f.guard.sets[set], part)
	})
}

func (f *filling) each(list []nftables.SetElement, send func([]nftables.SetElement) error) {
	for part := range slices.Chunk(list, messageElements) {
		if f.room(len(part)); f.err != nil {
			return
		}
		f.err = send(part)
	}
}

// room sees to it that the batch has room for that many elements.
func (f *filling) room(n int) {
	if f.pending+n > batchElements {
		f.err = f.flush()
	}
	f.pending += n
}

func (f *filling) flush() error {
	if f.err != nil {
		return f.err
	}
	f.pending = 0
	return f.guard.nft.Flush()
}
