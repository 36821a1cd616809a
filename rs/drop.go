// SPDX-License-Identifier: Apache-2.0

package rs

// A Drop is why a packet was not unwrapped.
type Drop uint8

// The reasons.
const (
	none      Drop = iota
	Short          // it ends within a header
	NotIP          // it carries something else than IP
	Malformed      // the header of the inner packet is wrong
	Unagreed       // a header has keys, options or a version that nobody agreed on
	BadSum         // the checksum over the outer payload is wrong
	Stranger       // it comes from somebody who is no director of ours
	Congested      // a router marked it, and its sender does not know about marks
	Refused        // the kernel did not take the inner packet
	Overflow       // it came faster than it was read
	drops
)

var dropWords = [drops]string{
	Short: "too short", NotIP: "not IP inside", Malformed: "malformed inside",
	Unagreed: "unexpected options", BadSum: "bad checksum", Stranger: "not from a director",
	Congested: "congestion unknown to sender", Refused: "refused by the kernel", Overflow: "receive queue full",
}

// String is the reason in words.
func (d Drop) String() string {
	if d == none || d >= drops {
		return "none"
	}
	return dropWords[d]
}

// Drops are all reasons there are.
func Drops() (all []Drop) {
	for d := Short; d < drops; d++ {
		all = append(all, d)
	}
	return all
}
