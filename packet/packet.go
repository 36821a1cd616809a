// SPDX-License-Identifier: Apache-2.0

// Package packet reads and rewrites packets where they lie, and allocates
// nothing.
package packet

// A Packet is one frame, and what Parse found in it.
//
// The frame is Buf[Off:End]. What lies before Off is headroom that belongs to
// the packet, at least Headroom bytes of it: a link keeps its own header there,
// and Push grows the frame into it. Buf is lent by a link until its next Recv,
// or by an Outbox until its next Reset; whoever keeps a packet longer copies it.
type Packet struct {
	Buf      []byte
	Off, End int
	L3       int // where the IP (or ARP) header begins, in Buf
	L4       int // where the transport header begins, in Buf; 0: none was found

	Flow  Flow     // who speaks to whom; ports are zero where the protocol has none
	Hop   Addr     // the next hop; Parse sets it to the destination
	Flags TCPFlags // of TCP
	Chunk Chunk    // of SCTP
	Type  uint16   // the EtherType behind any VLAN tags that lie in the frame
	Frag  Frag     // first, later, or none
	ID    uint32   // identification of the fragmented datagram; 0 if Frag is Whole

	Offload Offload // as the link said, and as it will be told
	Mark    uint32  // firewall mark, where the link knows it
	VLAN    uint16  // VLAN id the frame was tagged with; 0: none (a priority tag is none)
	Port    uint8   // which wire it came from, or goes to
	ToUs    bool    // the link-level destination is ours (unicast to this port)
}

// Headroom is what a link leaves free in front of each frame, in bytes: room
// for its own header (12), and for the largest outer header a mode puts on.
const Headroom = 96

// MaxFrame is the longest frame that passes, in bytes: a super-frame of 64 KiB
// with its Ethernet header and two VLAN tags.
const MaxFrame = 65535 + 14 + 8

// An Offload says what the sender left for the device to do.
type Offload struct {
	Partial bool   // the transport checksum is unfinished: it holds the pseudo-header's sum
	Start   uint16 // if Partial: where summing begins, from the frame's first byte
	Offset  uint16 // if Partial: where the checksum lies, from Start
	Kind    uint8  // GSONone, or which super-frame it is
	Seg     uint16 // payload bytes of each segment of a super-frame
	HdrLen  uint16 // length of all headers of a super-frame, from the frame's first byte; 0: unknown
}

// The kinds of super-frames; the numbers are the virtio-net header's.
const (
	GSONone = 0
	GSOTCP4 = 1
	GSOTCP6 = 4
	GSOUDP  = 5    // UDP segmentation (USO)
	GSOECN  = 0x80 // a bit beside the others: the first segment alone carries CWR
)

// A Frag says which part of a fragmented datagram a packet is.
type Frag uint8

// The parts: Whole packets are not fragments; ports exist only in First ones.
const (
	Whole Frag = iota
	First
	Later
)

// TCPFlags are the flags of a TCP segment, as on the wire.
type TCPFlags uint8

// The flags that decide.
const (
	FIN TCPFlags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
)

// A MAC is a link-level address.
type MAC [6]byte
