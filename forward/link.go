// SPDX-License-Identifier: Apache-2.0

package forward

import "github.com/ulvs/ulvs/packet"

// A Link moves the frames of one port. One goroutine uses it, its worker's.
//
// linktest.Test examines these sentences on any implementation.
type Link interface {
	// Recv lends at most len(batch) frames and never blocks: none waiting is
	// 0, nil. It fills in Buf, Off, End, Offload, VLAN, Mark and ToUs, and
	// zeroes the rest. Each frame has packet.Headroom bytes before Off that may
	// be overwritten; frames may be changed in place, and are the link's again
	// at the next Recv. An unfinished frame is never lent: a super-frame is
	// Partial, and what the link could not hold whole is dropped and counted.
	// An error is for good: the port is gone. A port that is down is 0, nil.
	Recv(batch []packet.Packet) (int, error)

	// Send transmits frames in order, from any memory, and is done with them
	// when it returns; packet.Headroom bytes before Off may be overwritten.
	// sent[i] says why frame i was not sent, or is packet.None; one frame that
	// cannot be sent does not keep back those behind it.
	Send(batch []*packet.Packet, sent []packet.Drop)

	// Fd is what poll can wait on until Recv has frames; -1: there is none.
	Fd() int

	// Lost counts the frames that arrived and that Recv never lent, since the
	// link was opened: the ring was full, or held only a part of the frame.
	Lost() uint64

	// String is how status names the link: its kind, and how it was set up.
	String() string

	Close() error
}
