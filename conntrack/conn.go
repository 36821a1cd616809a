// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"time"

	"github.com/ulvs/ulvs/packet"
)

// A Dir says which way a packet goes through a connection.
type Dir uint8

// The directions.
const (
	In  Dir = iota // client to server
	Out            // server to client
)

// Flags of a connection, with the kernel's numbers where it has them.
type Flags uint16

// The flags.
const (
	asked        Flags = 0x0008 // the client waits for an answer, see Asked
	child        Flags = 0x0010 // belongs to another; ours alone to set
	hashed       Flags = 0x0040 // in the table; ours alone to set
	NoOutput     Flags = 0x0080 // no packet from server to client was seen, nor is one expected
	Inactive     Flags = 0x0100 // counts as inactive at its server
	Template     Flags = 0x1000 // no connection, but what is remembered of a client; see template.go
	OnePacket    Flags = 0x2000 // for one datagram only: it never stands in a table
	Untranslated Flags = 0x8000 // replies bear the virtual address already; not a number of the kernel
)

// A Conn is a connection: what the director remembers of a choice.
//
// It holds no pointer: a million of them cost the garbage collector nothing
// (a forced cycle took 0.1 ms in the prototype; with a map of pointers, 600).
// A *Conn points into its Table, and is good until the next Expire or Delete.
// The fields are the Table's to change; its owner may read them.
type Conn struct {
	packet.Path
	Proto   uint8
	Mode    uint8 // the engine's number for how its packets reach the server
	State   State
	InPkts  uint8 // packets from the client, up to 255
	Flags   Flags
	Owner   uint32        // the engine's number for the server; it means nothing here
	Timeout time.Duration // what a packet restarts its timer with
	due     time.Duration // when the timer runs out, since the start

	next          [2]uint32 // the next node of its two chains, see index.go
	before, after uint32    // its neighbours in the slot of the wheel, see wheel.go
	slot          uint32    // which slot that is
	num           uint32    // its own number in the table
}

// New is a connection to be.
type New struct {
	packet.Path
	Proto   uint8
	Mode    uint8
	Flags   Flags         // Inactive is set in any case
	Owner   uint32        // the engine's number for the server
	Timeout time.Duration // until a packet is tracked; zero: three seconds, as the kernel gives
}

// firstTimeout is the kernel's, for a connection that no packet has moved yet.
const firstTimeout = 3 * time.Second

// Left is how long the connection will live if no packet comes.
func (c *Conn) Left(now time.Duration) time.Duration { return max(c.due-now, 0) }

// Reusable reports whether a SYN, or SCTP's INIT, may begin a new connection in
// place of this one, which has ended: the kernel's rule for conn_reuse_mode.
// Mode 0 is never; bit 1 adds those of which only the client's end was seen.
// One that belongs to another (Table.Parent) never is, which the caller looks
// at.
func (c *Conn) Reusable(mode int) bool {
	if mode == 0 || c.Proto == packet.ProtoUDP {
		return false
	}
	switch c.State {
	case TimeWait, Close, SCTPClosed:
		return true
	case FinWait:
		return mode&2 != 0 && c.Flags&NoOutput != 0
	}
	return false
}

// far is how the connection's replies are addressed where they reach us: to
// the client, or to the end of ours that the server believes to be the client.
func (c *Conn) far() *packet.Endpoint {
	if c.Flags&Untranslated != 0 {
		return &c.Client
	}
	return &c.Local
}

// near is whom the connection's replies come from where they reach us.
func (c *Conn) near() *packet.Endpoint {
	if c.Flags&Untranslated != 0 {
		return &c.Virtual
	}
	return &c.Server
}
