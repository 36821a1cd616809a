// SPDX-License-Identifier: Apache-2.0

// Package bench plays made-up traffic against a scheduler in virtual time, and
// tells what the scheduler did with it.
//
// A job is a connection: it comes, a scheduler gives it to a server, it is
// worked on, it leaves. The schedulers are those of package sched, the very
// code that carries packets; servers, clocks and clients are arithmetic. So a
// day of traffic takes seconds, and the same seed gives the same day.
//
// Read in this order:
//
//	scenario   what is asked for
//	arrivals   when jobs come           work      how much they ask for
//	crowd      who sends them
//	station    a server at work         agenda    whose turn it is
//	play       puts them together       result    what was seen
//
// theory_test.go says what queueing theory expects of that, chain_test.go what
// an exact solution does: so are those schedulers proven that no kernel has.
//
// Time is in seconds, as float64: queueing theory's numbers are small and not
// whole, and 2^53 microseconds are 285 years.
package bench
