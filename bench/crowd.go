// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"math"
	"math/rand/v2"
)

// A Crowd is a number of clients, or of objects, of which some are met more
// often than others: the k-th with a probability that goes with 1/k^Skew
// (Zipf's law).
type Crowd struct {
	Size int
	Skew float64 // zero: all alike
}

// shares is how often each is met; they sum to 1.
func (c Crowd) shares() []float64 {
	all, sum := make([]float64, c.Size), 0.0
	for k := range all {
		all[k] = math.Pow(float64(k+1), -c.Skew)
		sum += all[k]
	}
	for k := range all {
		all[k] /= sum
	}
	return all
}

// draw is a way to meet one of them in constant time, with Walker's aliases: as
// many columns of equal height as there are members, in each at most two of
// them, one above the other.
//
// Source: Walker, "An Efficient Method for Generating Discrete Random Variables
// with General Distributions", 1977; Vose's way to fill the columns, 1991.
func (c Crowd) draw(r *rand.Rand) func() uint32 {
	if c.Size == 0 {
		return func() uint32 { return 0 }
	}
	height, other := columns(c.shares())
	return func() uint32 {
		k := r.IntN(len(height))
		if r.Float64() < height[k] {
			return uint32(k)
		}
		return other[k]
	}
}

// columns is how high the column's own member reaches in each, and whose the
// rest is.
func columns(shares []float64) (height []float64, other []uint32) {
	n := len(shares)
	height, other = make([]float64, n), make([]uint32, n)
	var low, high []uint32
	for k, s := range shares {
		height[k], other[k] = s*float64(n), uint32(k)
		if height[k] < 1 {
			low = append(low, uint32(k))
		} else {
			high = append(high, uint32(k))
		}
	}
	for len(low) > 0 && len(high) > 0 {
		l, h := low[len(low)-1], high[len(high)-1]
		low = low[:len(low)-1]
		other[l] = h
		height[h] -= 1 - height[l]
		if height[h] < 1 {
			high = high[:len(high)-1]
			low = append(low, h)
		}
	}
	for _, k := range append(low, high...) { // what rounding left
		height[k] = 1
	}
	return height, other
}
