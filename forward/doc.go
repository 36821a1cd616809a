// SPDX-License-Identifier: Apache-2.0

// Package forward is the engine: links, a batch, seven steps.
//
// Read worker.go first: a packet's whole way is there, step by step. Beside it
// stand the parts that a step calls: open.go (choose), way.go (the way to the
// next hop), answer.go (what we say ourselves), waiting.go (packets that wait
// for a neighbour). engine.go and control.go are the slow side: what changes
// the services, and what is told to the host.
package forward
