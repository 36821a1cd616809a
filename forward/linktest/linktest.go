// SPDX-License-Identifier: Apache-2.0

// Package linktest examines any forward.Link, sentence by sentence of its
// contract.
package linktest

import (
	"testing"

	"github.com/ulvs/ulvs/forward"
	"github.com/ulvs/ulvs/packet"
)

// A Far is the other end of the link's wire, by other means than the link's.
type Far interface {
	// MAC is the link-level address of the port that the link is on.
	MAC() packet.MAC
	// Inject sends a frame to the link, with its Offload and VLAN. A far end that
	// itself tells the link whom a frame is for says ToUs.
	Inject(packet.Packet)
	// Take is the next frame that the link sent, in memory that the caller may
	// keep; it waits a moment before it says that there is none.
	Take() (packet.Packet, bool)
	// SetUp sets the link's port up or down.
	SetUp(up bool)
	// Remove takes the link's port away for good.
	Remove()
}

// Test examines the links that open returns, a fresh one for each sentence, each
// with room for some 500 frames, so that it can be filled.
func Test(t *testing.T, open func(t *testing.T) (forward.Link, Far)) {
	for _, s := range sentences {
		t.Run(s.says, func(t *testing.T) {
			link, far := open(t)
			e := &exam{T: t, link: link, far: far}
			s.examine(e)
			if err := link.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
		})
	}
}

// sentences are what a link promises, and how that is found out.
var sentences = []struct {
	says    string
	examine func(*exam)
}{
	{"Recv never blocks", recvNeverBlocks},
	{"Recv lends at most a batch, in order", recvLendsInOrder},
	{"Recv fills in some fields and zeroes the rest", recvZeroesTheRest},
	{"frames may be changed in place, and their headroom", recvLendsApart},
	{"frames are lent until the next Recv", recvLendsUntilTheNext},
	{"frames of any length come whole", recvAnyLength},
	{"what is left to the device comes along", recvOffload},
	{"a VLAN comes along", recvVLAN},
	{"ToUs is about the destination", recvToUs},
	{"Send keeps the order", sendKeepsOrder},
	{"Send takes frames of any length", sendAnyLength},
	{"Send is done with frames when it returns, and leaves them as they were", sendIsDone},
	{"Send takes lent frames", sendTakesLent},
	{"what is left to the device goes along", sendOffload},
	{"what fits one segment is no super-frame", sendFitting},
	{"a VLAN goes along", sendVLAN},
	{"one bad frame keeps nobody back", sendGoesOn},
	{"a port that is down is no error", downIsNoError},
	{"a port that is gone is an error for good", goneIsForGood},
	{"Lost counts what never came", lostCounts},
	{"Fd is readable while frames wait", fdIsReadable},
	{"nothing is allocated", nothingAllocated},
	{"String has a word for it", stringSpeaks},
}
