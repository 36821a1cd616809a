// SPDX-License-Identifier: Apache-2.0

package host

import (
	"context"
	"errors"
	"slices"
	"time"
)

// follow reads, tells, and waits for a ring, until ctx or the rings end.
func follow(ctx context.Context, r *reader, rings <-chan scope, tell func(*Snapshot)) error {
	f, err := r.all()
	if err != nil {
		return err
	}
	s := Build(f)
	tell(s)
	for {
		what, ok := next(ctx, rings)
		if !ok {
			return ended(ctx)
		}
		now, err := r.again(f, what)
		if err != nil {
			return err
		}
		if t := s.update(f, now); t != s {
			tell(t)
			s, f = t, now
		}
	}
}

// next waits for a ring and, once it settled, is what all of them were about.
func next(ctx context.Context, rings <-chan scope) (scope, bool) {
	what, ok := <-rings
	if !ok {
		return 0, false
	}
	select {
	case <-time.After(settle):
	case <-ctx.Done():
		return 0, false
	}
	select {
	case more, ok := <-rings:
		return max(what, more), ok
	default:
		return what, true
	}
}

func ended(ctx context.Context) error {
	if ctx.Err() != nil {
		return nil
	}
	return errors.New("netlink ended")
}

// again reads what may have changed since old.
func (r *reader) again(old Facts, what scope) (f Facts, err error) {
	if what == everything {
		return r.all()
	}
	f = old
	f.Neighbours, err = r.neighbours()
	return f, err
}

// update is the snapshot of now, if s is that of old; s itself if nothing
// changed. Neighbours change often and routing tables may be large, so a
// change of neighbours alone keeps the rest.
func (s *Snapshot) update(old, now Facts) *Snapshot {
	same := slices.Equal(old.Interfaces, now.Interfaces) &&
		slices.Equal(old.Addrs, now.Addrs) &&
		slices.Equal(old.Routes, now.Routes) &&
		old.Ephemeral == now.Ephemeral
	switch {
	case !same:
		return Build(now)
	case !slices.Equal(old.Neighbours, now.Neighbours):
		return &Snapshot{s.links, s.fibs, buildNeighbours(now), s.ephemeral}
	}
	return s
}
