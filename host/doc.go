// SPDX-License-Identifier: Apache-2.0

// Package host is what the host's kernel knows, and what it must be told.
//
// It knows interfaces, addresses, routes and neighbours: Watch reads them by
// netlink and hands out a Snapshot at each change, so that the engine asks
// arithmetic and never the kernel. A lesson in memory builds its Snapshot by
// hand from Facts.
//
// It must be told which packets are not its own: the Guard drops them behind
// our packet sockets. Its GuardSet, compiled to a Taken, says of a packet what
// the kernel's rules say. Where the host's own rules mark packets for services
// of ours, which a packet socket sees too early, Marks brings those by a queue,
// and a Marking, found anew when WatchRules rings, says which the Guard leaves
// aside for that. Ineffective lists the host's own filter rules that no packet
// of a virtual service meets any more. Offloads turns off what would glue
// received packets together past repair, and back on.
//
// Everything is done in the network namespace of the thread that calls.
package host
