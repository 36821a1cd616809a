// SPDX-License-Identifier: Apache-2.0

package bench

// A Scenario is traffic, and the servers it meets. Whoever plays it adds only
// the scheduler and a seed.
type Scenario struct {
	Arrivals Arrivals
	Work     Work      // of each job, in seconds of a server of speed 1
	Machines []Machine // in the order in which they were added to the service
	Clients  Crowd     // who sends; the zero Crowd: each job comes from a client of its own
	Objects  Crowd     // what is asked for, which is the address it is sent to; zero: always the same
	Linger   float64   // how long an ended connection still counts as inactive; seconds
	Jobs     int       // how many are measured
	Warm     int       // how many come before that
}

// A Machine is a real server.
type Machine struct {
	Weight       int
	Upper, Lower int     // thresholds in connections; zero: none
	Speed        float64 // seconds of work done in a second, by one core
	Cores        int     // zero: as many as there are jobs
	Shares       bool    // jobs share the cores; else who finds none free waits, first come first served
	Cache        int     // objects that it remembers; zero: it has no cache
}

// Fleet is n machines alike: of weight and speed 1, one core, first come first
// served.
func Fleet(n int) []Machine {
	all := make([]Machine, n)
	for i := range all {
		all[i] = Machine{Weight: 1, Speed: 1, Cores: 1}
	}
	return all
}
