// SPDX-License-Identifier: Apache-2.0

package bench

// A cache remembers the objects that were asked for last, so many of them, as
// a server's memory does.
type cache struct {
	places map[uint32]int32 // of objects, in ring
	ring   []remembered     // place 0 is where the newest and the oldest meet
	size   int
}

// A remembered object stands between one that was asked for later and one that
// was asked for before.
type remembered struct {
	object        uint32
	newer, before int32
}

func newCache(size int) *cache {
	return &cache{places: make(map[uint32]int32, size), ring: make([]remembered, 1, size+1), size: size}
}

// holds reports whether the object is remembered, and remembers it.
func (c *cache) holds(object uint32) bool {
	place, hit := c.places[object]
	switch {
	case hit:
		c.take(place)
	case len(c.ring) <= c.size:
		place = int32(len(c.ring))
		c.ring = append(c.ring, remembered{})
	default:
		place = c.ring[0].newer // of the ends' place: the oldest
		c.take(place)
		delete(c.places, c.ring[place].object)
	}
	c.places[object] = place
	c.put(place, object)
	return hit
}

// take takes a place out of the order.
func (c *cache) take(place int32) {
	r := c.ring[place]
	c.ring[r.newer].before, c.ring[r.before].newer = r.before, r.newer
}

// put makes it the newest.
func (c *cache) put(place int32, object uint32) {
	was := c.ring[0].before
	c.ring[place] = remembered{object: object, newer: 0, before: was}
	c.ring[was].newer, c.ring[0].before = place, place
}
