// SPDX-License-Identifier: Apache-2.0

package sched

import "time"

// Observe tells how long the server let one connection wait. A longer wait
// than is remembered counts in full and at once; a shorter one draws the memory
// down, the more the longer the last one is ago:
//
//	latency = max(wait, old*w + wait*(1-w))    w = e^(-age/10s)
//
// Source: the peak EWMA of Twitter's Finagle. Call it between two Picks.
func (s *Server) Observe(latency, now time.Duration) {
	wait := float64(max(latency, 1))
	w := fade(now - s.latency.at)
	s.latency = fading{max(wait, s.latency.value*w+wait*(1-w)), now}
	s.note()
}

// Latency is what Observe remembers; what is remembered of old dies away. Zero:
// never observed.
func (s *Server) Latency(now time.Duration) time.Duration {
	return time.Duration(s.latency.now(now))
}

// Carried counts bytes that went to or came from the server. Once a batch is
// enough. Call it between two Picks.
func (s *Server) Carried(bytes int, now time.Duration) {
	if bytes > 0 {
		s.bytes = fading{s.bytes.now(now) + float64(bytes), now}
		s.note()
	}
}

// Bandwidth is the server's traffic in bytes a second, as an average in which
// the last ten seconds count most.
func (s *Server) Bandwidth(now time.Duration) float64 { return s.bytes.now(now) / span.Seconds() }

// Measures say what a scheduler goes by that only the data path can measure.
type Measures uint8

// The measures.
const (
	ByLatency Measures = 1 << iota // Observe
	ByBytes                        // Carried
)

// A Measurer is a Scheduler that goes by measurements; most do not.
type Measurer interface {
	Scheduler
	Measures() Measures
}
