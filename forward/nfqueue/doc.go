// SPDX-License-Identifier: Apache-2.0

// Package nfqueue receives packets that rules of the host's own have marked.
//
// Packet sockets see a frame before any rule has. So where a mark that was set
// by iptables chooses the service, the packet is taken later: a rule of ours,
// behind the one that marks (see host.Marks), hands it to a queue of the
// kernel's, and from there it comes to us, with its mark. The kernel holds the
// packet until it is told what shall become of it: dropped, since we have sent
// it on ourselves, or passed, as if nobody had looked.
//
// Super-frames come as single segments, their checksums finished. The queue
// could deliver them whole, but it would not say how long a segment was:
// datagrams would run together, and streams be cut longer than the other end
// allows.
package nfqueue
