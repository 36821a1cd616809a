// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// A state is what was wished so far, and what was done for it. The journal
// holds it.
type state struct {
	Wish
	Done []change // each with what was before; in the order in which they were done
}

// add adds a wish to those before.
func (s *state) add(w Wish) error {
	if err := w.Check(); err != nil {
		return err
	}
	s.Mode, s.ARP = w.Mode, w.ARP
	for _, vip := range w.VIPs {
		if vip = vip.Unmap(); !slices.Contains(s.VIPs, vip) {
			s.VIPs = append(s.VIPs, vip)
		}
	}
	return nil
}

// drop takes virtual addresses back; all, if none is named.
func (s *state) drop(vips []netip.Addr) error {
	if len(vips) == 0 {
		s.VIPs = nil
	}
	for _, vip := range vips {
		i := slices.Index(s.VIPs, vip.Unmap())
		if i < 0 {
			return fmt.Errorf("%v was not set up here", vip)
		}
		s.VIPs = slices.Delete(s.VIPs, i, i+1)
	}
	return nil
}

// done is the change of that kind and name, nil if it was not made.
func (s *state) done(c *change) *change {
	for i := range s.Done {
		if s.Done[i].Kind == c.Kind && s.Done[i].Name == c.Name {
			return &s.Done[i]
		}
	}
	return nil
}

// become makes the host what the state wishes. New changes come before old ones
// are taken back, so that from one cure to the next nobody hears a wrong answer.
func (h *Host) become(s *state) error {
	wanted, err := s.plan()
	if err != nil {
		return err
	}
	for i := range wanted {
		if err := h.do(s, &wanted[i]); err != nil {
			return err
		}
	}
	return h.undoOthers(s, wanted)
}

// do makes one change, and first writes down what was before.
func (h *Host) do(s *state, c *change) error {
	if old := s.done(c); old != nil {
		old.Value = c.Value
	} else {
		there, was, err := kinds[c.Kind].look(c)
		if err != nil {
			return fmt.Errorf("look at %v: %w", c, err)
		}
		if there {
			return nil // somebody else's: it stays when we go
		}
		c.Was = was
		s.Done = append(s.Done, *c)
	}
	if err := h.journal.write(s); err != nil {
		return err
	}
	if err := kinds[c.Kind].do(c); err != nil {
		return fmt.Errorf("%v: %w", c, err)
	}
	return nil
}

// undoOthers takes back what is not wanted any more, and forgets it. Whatever
// fails stays in the journal, for the next time.
func (h *Host) undoOthers(s *state, wanted []change) error {
	var errs []error
	for _, c := range s.toUndo(wanted) {
		if err := kinds[c.Kind].undo(&c); err != nil {
			errs = append(errs, fmt.Errorf("undo %v: %w", c, err))
			continue
		}
		s.Done = slices.DeleteFunc(s.Done, c.same)
	}
	return errors.Join(append(errs, h.journal.write(s))...)
}

// toUndo lists what is not wanted any more: the last first, but addresses
// before all else, since what keeps them quiet must outlive them.
func (s *state) toUndo(wanted []change) (list []change) {
	for _, c := range slices.Backward(s.Done) {
		if !slices.ContainsFunc(wanted, c.same) {
			list = append(list, c)
		}
	}
	slices.SortStableFunc(list, func(a, b change) int { return kinds[a.Kind].lasting - kinds[b.Kind].lasting })
	return list
}
