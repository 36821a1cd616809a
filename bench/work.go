// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"math"
	"math/rand/v2"
)

// Work says how much a job asks for, in seconds of a server of speed 1.
type Work interface {
	// Draw is one job's work.
	Draw(*rand.Rand) float64
	// Mean and CV2 are its mean, and its squared coefficient of variation: the
	// variance in units of the squared mean.
	Mean() float64
	CV2() float64
}

// Fixed is the same work for all.
type Fixed float64

// Draw implements Work.
func (w Fixed) Draw(*rand.Rand) float64 { return float64(w) }

// Mean implements Work.
func (w Fixed) Mean() float64 { return float64(w) }

// CV2 implements Work.
func (w Fixed) CV2() float64 { return 0 }

// Exponential is work of that mean which, however long it has taken, takes as
// long again.
type Exponential float64

// Draw implements Work.
func (w Exponential) Draw(r *rand.Rand) float64 { return float64(w) * r.ExpFloat64() }

// Mean implements Work.
func (w Exponential) Mean() float64 { return float64(w) }

// CV2 implements Work.
func (w Exponential) CV2() float64 { return 1 }

// HyperExponential is exponential work of two kinds, few long jobs among many
// short ones.
type HyperExponential struct {
	Long         float64 // how many of the jobs are long, from 0 to 1
	Short, Lasts float64 // the means of short and long ones
}

// Draw implements Work.
func (w HyperExponential) Draw(r *rand.Rand) float64 {
	if r.Float64() < w.Long {
		return w.Lasts * r.ExpFloat64()
	}
	return w.Short * r.ExpFloat64()
}

// Mean implements Work.
func (w HyperExponential) Mean() float64 { return w.Long*w.Lasts + (1-w.Long)*w.Short }

// CV2 implements Work.
func (w HyperExponential) CV2() float64 {
	m := w.Mean()
	return 2*(w.Long*w.Lasts*w.Lasts+(1-w.Long)*w.Short*w.Short)/(m*m) - 1
}

// Balanced is hyper-exponential work of mean 1 of which both kinds make half,
// with that squared coefficient of variation, at least 1.
func Balanced(cv2 float64) HyperExponential {
	long := (1 - math.Sqrt((cv2-1)/(cv2+1))) / 2
	return HyperExponential{Long: long, Short: 1 / (2 * (1 - long)), Lasts: 1 / (2 * long)}
}
