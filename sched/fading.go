// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"math"
	"time"
)

// span is the time in which a fading dies away to 1/e: that of Finagle.
const span = 10 * time.Second

// A fading is a measure that dies away, so that old times count less and less.
type fading struct {
	value float64       // what it was then, above zero; zero: never measured
	at    time.Duration // when
}

// fade is the part that is left of a value after some time.
func fade(age time.Duration) float64 { return math.Exp(-float64(max(age, 0)) / float64(span)) }

// now is what is left of it.
func (f *fading) now(now time.Duration) float64 { return f.value * fade(now-f.at) }

// score orders what is left of several fadings, each times its factor. All die
// away alike: so their order holds until one of them is measured again, and
// an index need not know the time.
//
//	value * e^(-(now-at)/span)    grows with    ln value + at/span
//
// That it is, in steps of 2^-20.
func (f *fading) score(factor float64) int64 {
	const step = 1 << 20
	return int64(math.Log(f.value*factor)*step) + int64(float64(f.at)/float64(span)*step)
}
