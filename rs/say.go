// SPDX-License-Identifier: Apache-2.0

package rs

import "net/netip"

// A Step is one thing to be done, for somebody who wants to read or type it.
type Step struct {
	Why     string `json:"why"`     // one sentence or two, in lines of a terminal
	Command string `json:"command"` // as a shell takes it
	Already bool   `json:"already"` // it would change nothing: so it is
}

// Steps are what Setup would do, in its order; also what is done already, since
// it belongs to the whole. It needs no privilege and changes nothing.
func (h *Host) Steps(w Wish) ([]Step, error) {
	s, err := h.journal.read()
	if err != nil {
		return nil, err
	}
	if err := s.add(w); err != nil {
		return nil, err
	}
	wanted, err := s.plan()
	if err != nil {
		return nil, err
	}
	var steps []Step
	for _, c := range wanted {
		there, _, _ := kinds[c.Kind].look(&c) // what cannot be looked at without privilege is to be done
		steps = append(steps, Step{c.Why, c.String(), there})
	}
	for _, c := range s.toUndo(wanted) {
		steps = append(steps, unstep(c))
	}
	return steps, nil
}

// BackSteps are what Teardown would do.
func (h *Host) BackSteps(vips ...netip.Addr) ([]Step, error) {
	s, err := h.journal.read()
	if err != nil {
		return nil, err
	}
	if err := s.drop(vips); err != nil {
		return nil, err
	}
	wanted, err := s.plan()
	if err != nil {
		return nil, err
	}
	var steps []Step
	for _, c := range s.toUndo(wanted) {
		steps = append(steps, unstep(c))
	}
	return steps, nil
}

func unstep(c change) Step { return Step{Why: "As it was before.", Command: kinds[c.Kind].unsay(&c)} }
