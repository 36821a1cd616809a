// SPDX-License-Identifier: Apache-2.0

// Package afpacket is a link on Linux packet sockets: it works on every
// interface that has a name, and switches no offload off.
//
// A frame is copied twice, in by the kernel and out by the kernel, and never by
// us. It arrives in a slot of a ring that we share with the kernel, is
// rewritten there, and is sent from there:
//
//	slot 0        slot 1        slot 2        slot 3
//	| released    | lent        | ready       | the kernel's ...
//	              ^ tail        ^ head
//
//	in each slot: | status, lengths, VLAN | sender | headroom | virtio | frame |
//
// A slot is small, because most frames are. A super-frame of up to 64 KiB does
// not fit; the kernel then leaves it whole in the socket's queue, and we read
// it from there into memory of our own: the lane. Who may not make that queue
// large enough (it takes CAP_NET_ADMIN over the machine) gets fewer, wide slots
// instead, in which every frame fits.
//
// The ring is of version 2, which hands over each frame at once; version 3
// gathers frames into blocks, which is milliseconds too late for a forwarder.
package afpacket
