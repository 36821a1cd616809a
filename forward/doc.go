// SPDX-License-Identifier: Apache-2.0

// Package forward is the engine: links, a batch, seven steps.
//
// Read worker.go first: a packet's whole way is there, step by step. The other
// files belong to one of two sides. The data path is the worker's alone:
//
//	choose   open, opens, find, persist, sip, ends    a service, a server, an entry; and when one is over
//	rewrite  wrap, fragment, cut                      what the modes leave to the engine
//	send     way, waiting, giveup, link, outbox       the next hop, and who does not answer
//	answer   answer, hear, claim, limiter             what we say ourselves: ICMP, RST, ARP, ND
//	count    traffic, estimate                        statistics and rates
//	defend   defend                                   drop_packet, drop_entry, secure_tcp
//	marks    queue, met                               packets that the host's rules have marked
//
// The control side writes down what is asked for, and publishes it as a config
// between two batches (see publish.go):
//
//	ask      control, change, server, marks, sysctl   what commands do, what they refuse
//	write    ledger, trash                            the book, and the servers deleted from it
//	publish  config, publish, guarded, adopt          what the worker and the guard then go by
//	tell     status, observe                          what others may see
//
// engine.go holds both together.
package forward
