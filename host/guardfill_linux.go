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
	err := g.fill(want.contents(), func(f *filling) { g.vary.change(f, &want) })
	if err != nil {
		return fmt.Errorf("fill the guard: %w", err)
	}
	g.vary.shown = g.vary.next
	return nil
}

// A filled is a table of ours, and what its sets hold.
type filled struct {
	nft  *ownTable
	sets map[string]*nftables.Set
	have content // nil: unknown, after an error
}

func newFilled(nft *ownTable) filled {
	return filled{nft: nft, sets: make(map[string]*nftables.Set)}
}

// addSets makes sets, with the next batch.
func (t *filled) addSets(list []*nftables.Set) error {
	for _, s := range list {
		s.ID = uint32(len(t.sets) + 1) // unlike the library's own count, safe beside other connections
		if err := t.nft.AddSet(s, nil); err != nil {
			return err
		}
		t.sets[s.Name] = s
	}
	return nil
}

// buildChain makes a chain that others jump to, with the next batch.
func (t *filled) buildChain(name string, rules []rule) {
	t.addRules(t.nft.AddChain(&nftables.Chain{Name: name, Table: t.nft.table}), rules)
}

func (t *filled) addRules(c *nftables.Chain, rules []rule) {
	for _, r := range rules {
		t.nft.AddRule(&nftables.Rule{Table: t.nft.table, Chain: c, Exprs: r.exprs, UserData: r.comment()})
	}
}

// fill makes the sets hold exactly next; between is asked after additions and
// before removals.
func (t *filled) fill(next content, between func(*filling)) error {
	f := filling{filled: t}
	if t.have == nil {
		f.empty()
	}
	names := slices.Sorted(maps.Keys(t.sets))
	for _, name := range names {
		f.add(name, minus(next[name], t.have[name]))
	}
	between(&f)
	for _, name := range names {
		f.remove(name, minus(t.have[name], next[name]))
	}
	t.have = nil
	if err := f.flush(); err != nil {
		return err
	}
	t.have = next
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
	*filled
	pending int
	err     error
}

func (f *filling) empty() {
	for _, s := range f.sets {
		f.nft.FlushSet(s)
	}
}

func (f *filling) add(set string, list []nftables.SetElement) {
	f.each(list, func(part []nftables.SetElement) error {
		return f.nft.SetAddElements(f.sets[set], part)
	})
}

func (f *filling) remove(set string, list []nftables.SetElement) {
	f.each(list, func(part []nftables.SetElement) error {
		return f.nft.SetDeleteElements(f.sets[set], part)
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
	return f.nft.Flush()
}
