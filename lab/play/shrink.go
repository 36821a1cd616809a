// SPDX-License-Identifier: Apache-2.0

package play

import "slices"

// shrink takes away whatever events a difference does not need: halves first,
// then quarters, down to single events (Zeller's delta debugging). It asks
// differs at most limit times.
func shrink(events []event, limit int, differs func([]event) bool) []event {
	for size := (len(events) + 1) / 2; size > 0; {
		taken := false
		for at := 0; at < len(events) && limit > 0; {
			less := slices.Delete(slices.Clone(events), at, min(at+size, len(events)))
			limit--
			if differs(less) {
				events, taken = less, true
			} else {
				at += size
			}
		}
		switch {
		case limit == 0 || size == 1 && !taken:
			return events
		case size > 1:
			size = (size + 1) / 2
		}
	}
	return events
}
