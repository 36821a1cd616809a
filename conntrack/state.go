// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"time"

	"github.com/ulvs/ulvs/packet"
)

// A State is where a connection stands in its life.
type State uint8

// The states. Those of TCP have the kernel's numbers. None is SCTP's too.
const (
	None State = iota
	Established
	SynSent
	SynRecv
	FinWait
	TimeWait
	Close
	CloseWait
	LastAck
	Listen
	SynAck
	UDP // the only one of everything that is neither TCP nor SCTP
	SCTPInit1
	SCTPInit
	SCTPCookieSent
	SCTPCookieReplied
	SCTPCookieWait
	SCTPCookie
	SCTPCookieEchoed
	SCTPEstablished
	SCTPShutdownSent
	SCTPShutdownReceived
	SCTPShutdownAckSent
	SCTPRejected
	SCTPClosed
	numStates
)

var states = [numStates]string{
	None:        "NONE",
	Established: "ESTABLISHED",
	SynSent:     "SYN_SENT",
	SynRecv:     "SYN_RECV",
	FinWait:     "FIN_WAIT",
	TimeWait:    "TIME_WAIT",
	Close:       "CLOSE",
	CloseWait:   "CLOSE_WAIT",
	LastAck:     "LAST_ACK",
	Listen:      "LISTEN",
	SynAck:      "SYNACK",
	UDP:         "UDP",

	SCTPInit1:            "INIT1",
	SCTPInit:             "INIT",
	SCTPCookieSent:       "C-SENT",
	SCTPCookieReplied:    "C-REPLIED",
	SCTPCookieWait:       "C-WAIT",
	SCTPCookie:           "COOKIE",
	SCTPCookieEchoed:     "C-ECHOED",
	SCTPEstablished:      "ESTABLISHED",
	SCTPShutdownSent:     "S-SENT",
	SCTPShutdownReceived: "S-RECEIVED",
	SCTPShutdownAckSent:  "S-ACK-SENT",
	SCTPRejected:         "REJECTED",
	SCTPClosed:           "CLOSED",
}

// String is the state as the kernel lists it.
func (s State) String() string {
	if s < numStates {
		return states[s]
	}
	return "ERR!"
}

// active reports whether a connection in this state counts as active: from the
// first SYN until somebody ends it; in SCTP, only between handshakes. UDP never
// does.
func (s State) active() bool {
	return s.established() || s == SynSent || s == SynRecv || s == SynAck
}

// established reports whether both ends have agreed to speak.
func (s State) established() bool { return s == Established || s == SCTPEstablished }

// Timeouts say, by state, how long a silent connection is remembered.
type Timeouts [numStates]time.Duration

// Defaults are the kernel's. ipvsadm --set changes Established, FinWait and
// UDP.
func Defaults() Timeouts {
	return Timeouts{
		None:        2 * time.Second,
		Established: 15 * time.Minute,
		SynSent:     2 * time.Minute,
		SynRecv:     1 * time.Minute,
		FinWait:     2 * time.Minute,
		TimeWait:    2 * time.Minute,
		Close:       10 * time.Second,
		CloseWait:   1 * time.Minute,
		LastAck:     30 * time.Second,
		Listen:      2 * time.Minute,
		SynAck:      2 * time.Minute,
		UDP:         5 * time.Minute,

		SCTPInit1:            4 * time.Second,
		SCTPInit:             sctpHandshake,
		SCTPCookieSent:       sctpHandshake,
		SCTPCookieReplied:    sctpHandshake,
		SCTPCookieWait:       sctpHandshake,
		SCTPCookie:           sctpHandshake,
		SCTPCookieEchoed:     sctpHandshake,
		SCTPEstablished:      15 * time.Minute,
		SCTPShutdownSent:     sctpHandshake,
		SCTPShutdownReceived: sctpHandshake,
		SCTPShutdownAckSent:  sctpHandshake,
		SCTPRejected:         4 * time.Second,
		SCTPClosed:           sctpHandshake,
	}
}

// A Shift says how a connection began to count at its server: whoever owns the
// server's counts carries it out.
type Shift uint8

// The shifts. Zero: as before.
const (
	Activated   Shift = iota + 1 // from inactive to active
	Deactivated                  // from active to inactive
)

// Track notes a packet of the connection: its state, how it counts, and its
// timer, which each packet restarts with the timeout of the state. flags are
// TCP's, chunk is SCTP's.
func (t *Table) Track(c *Conn, d Dir, flags packet.TCPFlags, chunk packet.Chunk, now time.Duration) Shift {
	next := c.State
	switch c.Proto {
	case packet.ProtoTCP:
		next = c.tcp(t.rules, d, flags)
	case packet.ProtoSCTP:
		if chunk == packet.NoChunk {
			t.Touch(c, now) // it says nothing, but somebody is there
			return 0
		}
		next = c.sctp(d, chunk)
	default:
		if d == Out {
			t.Assure(c)
		}
	}
	return t.settle(c, next, now)
}

// settle brings a connection to a state, be it a new one or not.
func (t *Table) settle(c *Conn, next State, now time.Duration) Shift {
	was := c.State
	c.State = next
	c.Timeout = t.timeouts[next]
	t.Touch(c, now)
	if next == was {
		return 0
	}
	if next.established() {
		t.Assure(c)
	}
	return c.shift()
}

// shift sets Inactive as the state has it.
func (c *Conn) shift() Shift {
	active, counted := c.State.active(), c.Flags&Inactive == 0
	switch {
	case active && !counted:
		c.Flags &^= Inactive
		return Activated
	case !active && counted:
		c.Flags |= Inactive
		return Deactivated
	}
	return 0
}
