// SPDX-License-Identifier: Apache-2.0

package sched

func init() { Register("random", func(e Env) Scheduler { return &random{lottery{rand: e.Rand}} }) }

// random: a server drawn by chance, with the probability
//
//	weight / sum of the weights of all who can take a connection
//
// It is not of the kernel. It is what others are measured by: without memory
// it gives each server its share in the long run, and queues as if no other
// server were there (of mean 1/(1-load), where servers are M/M/1). Source: the
// case of one choice in M. Mitzenmacher, "The Power of Two Choices in
// Randomized Load Balancing", 2001.
type random struct{ lottery }

// Pick implements Scheduler.
func (s *random) Pick(Request) *Server { return s.draw() }
