// SPDX-License-Identifier: Apache-2.0

package conntrack

import "github.com/ulvs/ulvs/packet"

// TCP, as someone between the ends sees it. What the kernel's IPVS makes of
// the usual life of a connection:
//
//	NAT                                      DR and TUN: only the client is heard
//
//	client SYN     NONE        → SYN_RECV     client SYN   NONE        → SYN_RECV
//	server SYN,ACK SYN_RECV    → SYN_RECV
//	client ACK     SYN_RECV    → ESTABLISHED  client ACK   SYN_RECV    → ESTABLISHED
//	client FIN     ESTABLISHED → CLOSE_WAIT   client FIN   ESTABLISHED → FIN_WAIT
//	server FIN     CLOSE_WAIT  → TIME_WAIT
//	client RST     ESTABLISHED → CLOSE        client RST   ESTABLISHED → CLOSE
//
// A client's RST in SYN_RECV changes nothing: anyone could have forged it.
//
// Sources: RFC 9293 §3.3.2 for what the ends do; ip_vs_proto_tcp.c for what the
// kernel makes of it, recorded in testdata.
//
// A table says the state to come, by what the segment is (rows) and the state
// that was (columns).
type table [numEvents][SynAck + 1]State

// An event is what a segment is: the first of these of which it has the flag.
// So SYN,ACK is a syn, and FIN,ACK a fin.
type event uint8

const (
	rst event = iota
	syn
	fin
	ack
	numEvents
	nothing = numEvents // none of the four: such a segment ends the connection
)

// Rules are the tables in force, by who is heard.
type rules struct {
	input     table // of segments from the client
	output    table // of segments from the server
	inputOnly table // of segments from the client while the server is not heard
}

// Short names for the tables.
const (
	no = None
	es = Established
	ss = SynSent
	sr = SynRecv
	fw = FinWait
	tw = TimeWait
	cl = Close
	cw = CloseWait
	la = LastAck
	li = Listen
	sa = SynAck
)

// usual are the rules unless the director defends itself: see secure.go.
var usual = rules{
	input: table{
		//   no  es  ss  sr  fw  tw  cl  cw  la  li  sa
		syn: {sr, es, es, sr, sr, sr, sr, sr, sr, sr, sr},
		fin: {cl, cw, ss, tw, tw, tw, cl, cw, la, li, tw},
		ack: {es, es, ss, es, fw, tw, cl, cw, cl, li, es},
		rst: {cl, cl, cl, sr, cl, cl, cl, cl, la, li, sr},
	},
	output: table{
		//   no  es  ss  sr  fw  tw  cl  cw  la  li  sa
		syn: {ss, es, ss, sr, ss, ss, ss, ss, ss, li, sr},
		fin: {tw, fw, ss, tw, fw, tw, cl, tw, la, li, tw},
		ack: {es, es, ss, es, fw, tw, cl, cw, la, es, es},
		rst: {cl, cl, ss, cl, cl, tw, cl, cl, cl, cl, cl},
	},
	inputOnly: table{
		//   no  es  ss  sr  fw  tw  cl  cw  la  li  sa
		syn: {sr, es, es, sr, sr, sr, sr, sr, sr, sr, sr},
		fin: {cl, fw, ss, tw, fw, tw, cl, cw, la, li, tw},
		ack: {es, es, ss, es, fw, tw, cl, cw, cl, li, es},
		rst: {cl, cl, cl, sr, cl, cl, cl, cl, la, li, cl},
	},
}

// tcp is the state that a segment leads to.
func (c *Conn) tcp(r *rules, d Dir, flags packet.TCPFlags) State {
	t := hear(c, d, &r.input, &r.output, &r.inputOnly)
	e := eventOf(flags)
	if e == nothing {
		return Close
	}
	return t[e][c.State]
}

// hear is the table for a packet of that direction, of three. A reply where
// none was expected (NoOutput) proves that the server is heard after all.
func hear[T any](c *Conn, d Dir, input, output, inputOnly *T) *T {
	switch {
	case d == Out:
		c.Flags &^= NoOutput
		return output
	case c.Flags&NoOutput != 0:
		return inputOnly
	}
	return input
}

func eventOf(flags packet.TCPFlags) event {
	switch {
	case flags&packet.RST != 0:
		return rst
	case flags&packet.SYN != 0:
		return syn
	case flags&packet.FIN != 0:
		return fin
	case flags&packet.ACK != 0:
		return ack
	}
	return nothing
}
