// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"net/netip"
	"slices"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/packet"
)

// A ledger is the control side's book: what was asked for. A change is written
// into it first, and undone by taking an older copy if it cannot be carried
// out; the data path sees it when it is published.
type ledger struct {
	services []entry
	dests    []*dest // by number; nil: free
	trash    trash
	marks    []ulvs.MarkRule // never changed in place
	sysctls  sysctls
	freeSvc  []uint32 // numbers of services that are gone
	numSvc   uint32   // numbers that were ever given
}

// An entry is a service in the book.
type entry struct {
	*service
	want   ulvs.Service  // as it was asked for last
	locals []packet.Addr // of want; never changed in place
	dests  []*dest       // newest first
}

// copy is the book as it stands; what is written later does not show in it.
// The dests of an entry are never changed in place.
func (l *ledger) copy() ledger {
	c := *l
	c.services = slices.Clone(l.services)
	c.dests = slices.Clone(l.dests)
	c.freeSvc = slices.Clone(l.freeSvc)
	c.trash.dests = slices.Clone(l.trash.dests)
	return c
}

func (l *ledger) find(id ulvs.ID) *entry {
	for i := range l.services {
		if l.services[i].ID == id {
			return &l.services[i]
		}
	}
	return nil
}

func (s *entry) find(a netip.AddrPort) *dest {
	for _, d := range s.dests {
		if d.Addr == a {
			return d
		}
	}
	return nil
}

// serviceNumber is a number for a new service's counters.
func (l *ledger) serviceNumber() uint32 {
	if last := len(l.freeSvc) - 1; last >= 0 {
		n := l.freeSvc[last]
		l.freeSvc = l.freeSvc[:last]
		return n
	}
	l.numSvc++
	return l.numSvc - 1
}

// number gives a new server the lowest number that is free.
func (l *ledger) number(d *dest) {
	i := slices.Index(l.dests, nil)
	if i < 0 {
		i = len(l.dests)
		l.dests = append(l.dests, nil)
	}
	l.dests[i], d.num = d, uint32(i)
}
