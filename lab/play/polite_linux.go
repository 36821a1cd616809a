// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"time"
)

// Places are for those who play at the same time: user-mode Linux has one
// processor.
type places chan struct{}

// polite is a world that gives its place away while it waits.
type polite struct {
	World
	places places
}

func (p polite) Wait(ctx context.Context, d time.Duration) (Effect, error) {
	began := time.Now()
	<-p.places
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
	p.places <- struct{}{}
	return p.World.Wait(ctx, max(0, d-time.Since(began)))
}
