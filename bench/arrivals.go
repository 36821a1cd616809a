// SPDX-License-Identifier: Apache-2.0

package bench

import "math/rand/v2"

// Arrivals say when jobs come.
type Arrivals interface {
	// Start begins anew at time 0. Each call of what it returns is the time of
	// the next job, in seconds.
	Start(*rand.Rand) func() float64
}

// Poisson is what very many independent clients make together.
type Poisson struct {
	Rate float64 // jobs a second
}

// Start implements Arrivals.
func (p Poisson) Start(r *rand.Rand) func() float64 {
	now := 0.0
	return func() float64 {
		now += r.ExpFloat64() / p.Rate
		return now
	}
}
