// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"time"

	"github.com/ulvs/ulvs/packet"
)

// SCTP, as someone between the ends sees it. The usual life of an association:
//
//	NAT                                             DR and TUN: only the client is heard
//
//	client INIT           NONE → INIT1              INIT           NONE → INIT1
//	server INIT-ACK       INIT1 → COOKIE_SENT
//	client COOKIE-ECHO    COOKIE_SENT → COOKIE_REPLIED   COOKIE-ECHO    INIT1 → ESTABLISHED
//	server COOKIE-ACK     COOKIE_REPLIED → ESTABLISHED
//	client SHUTDOWN       ESTABLISHED → SHUTDOWN_RECEIVED   the same
//	client ABORT          any → CLOSED              the same
//
// Sources: RFC 9260 §5.1 and §9 for what the ends do; ip_vs_proto_sctp.c for
// what the kernel makes of it, recorded in testdata/sctp.txt.
//
// A sctpTable says the state to come, by what the first chunk is (rows) and the
// state that was (columns). Only where the client begins is it as above; the
// tables know it the other way round, too.
type sctpTable [packet.Chunks][sctpStates]State

// sctpStates is how many states an association can be in: NONE, which it has
// in common with TCP, and those of its own.
const sctpStates = 1 + numStates - SCTPInit1

// sctpHandshake is how long a step of opening or closing may take: the longest
// that an end waits before it says something again (RTO.Max of RFC 9260 §16),
// and a second.
const sctpHandshake = 61 * time.Second

// sctp is the state that a packet leads to.
func (c *Conn) sctp(d Dir, chunk packet.Chunk) State {
	return hear(c, d, &sctpInput, &sctpOutput, &sctpInputOnly)[chunk][c.State.column()]
}

// column is where an SCTP state stands in the tables. One that no packet has
// led to is NONE.
func (s State) column() State {
	if s < SCTPInit1 {
		return 0
	}
	return 1 + s - SCTPInit1
}

// Short names for the tables of SCTP.
const (
	xNO = None
	xI1 = SCTPInit1
	xIN = SCTPInit
	xCS = SCTPCookieSent
	xCR = SCTPCookieReplied
	xCW = SCTPCookieWait
	xCO = SCTPCookie
	xCE = SCTPCookieEchoed
	xES = SCTPEstablished
	xSS = SCTPShutdownSent
	xSR = SCTPShutdownReceived
	xSA = SCTPShutdownAckSent
	xRJ = SCTPRejected
	xCL = SCTPClosed
)

// sctpInput is for packets from the client.
var sctpInput = sctpTable{
	//                            NO   I1   IN   CS   CR   CW   CO   CE   ES   SS   SR   SA   RJ   CL
	packet.ChunkData:             {xES, xI1, xIN, xCS, xCR, xCW, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkInit:             {xI1, xIN, xIN, xCS, xCR, xCW, xCO, xCE, xES, xSS, xSR, xSA, xIN, xIN},
	packet.ChunkInitAck:          {xCW, xCW, xCW, xCS, xCR, xCO, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkCookieEcho:       {xCR, xIN, xIN, xCR, xCR, xCW, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkCookieAck:        {xES, xI1, xIN, xCS, xCR, xCW, xCO, xES, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkShutdown:         {xSR, xI1, xIN, xCS, xCR, xCW, xCO, xCE, xSR, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkShutdownAck:      {xCL, xIN, xIN, xCS, xCR, xCW, xCO, xCE, xES, xCL, xSR, xCL, xRJ, xCL},
	packet.ChunkShutdownComplete: {xCL, xCL, xCL, xCS, xCR, xCW, xCO, xCE, xES, xSS, xSR, xCL, xRJ, xCL},
	packet.ChunkError:            {xCL, xI1, xIN, xCS, xCR, xCW, xCO, xCL, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkAbort:            {xCL, xCL, xCL, xCL, xCL, xRJ, xCL, xCL, xCL, xCL, xCL, xCL, xCL, xCL},
}

// sctpOutput is for packets from the server.
var sctpOutput = sctpTable{
	//                            NO   I1   IN   CS   CR   CW   CO   CE   ES   SS   SR   SA   RJ   CL
	packet.ChunkData:             {xES, xI1, xIN, xCS, xCR, xCW, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkInit:             {xCW, xCW, xCW, xCW, xCW, xCW, xCW, xCW, xES, xCW, xCW, xCW, xCW, xCW},
	packet.ChunkInitAck:          {xCS, xCS, xCS, xCS, xCR, xCW, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkCookieEcho:       {xCE, xCE, xCE, xCE, xCE, xCE, xCE, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkCookieAck:        {xES, xES, xES, xES, xES, xES, xES, xES, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkShutdown:         {xSS, xSS, xSS, xSS, xSS, xSS, xSS, xSS, xSS, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkShutdownAck:      {xSA, xSA, xSA, xSA, xSA, xCW, xCO, xCE, xES, xSA, xSA, xSA, xRJ, xCL},
	packet.ChunkShutdownComplete: {xCL, xI1, xIN, xCS, xCR, xCW, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkError:            {xCL, xCL, xCL, xCL, xCL, xCW, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkAbort:            {xCL, xRJ, xCL, xCL, xCL, xCL, xCL, xCL, xCL, xCL, xCL, xCL, xCL, xCL},
}

// sctpInputOnly is for packets from the client while the server is not heard.
var sctpInputOnly = sctpTable{
	//                            NO   I1   IN   CS   CR   CW   CO   CE   ES   SS   SR   SA   RJ   CL
	packet.ChunkData:             {xES, xI1, xIN, xCS, xCR, xES, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkInit:             {xI1, xIN, xIN, xIN, xIN, xIN, xCO, xCE, xES, xSS, xSR, xSA, xIN, xIN},
	packet.ChunkInitAck:          {xCE, xCE, xCE, xCE, xCE, xCE, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkCookieEcho:       {xES, xES, xES, xES, xES, xES, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkCookieAck:        {xES, xI1, xIN, xES, xES, xCW, xES, xES, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkShutdown:         {xSR, xI1, xIN, xCS, xCR, xCW, xCO, xCE, xSR, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkShutdownAck:      {xCL, xIN, xIN, xCS, xCR, xCW, xCO, xCE, xCL, xCL, xSR, xCL, xRJ, xCL},
	packet.ChunkShutdownComplete: {xCL, xCL, xCL, xCL, xCL, xCW, xCO, xCE, xES, xSS, xCL, xCL, xRJ, xCL},
	packet.ChunkError:            {xCL, xI1, xIN, xCS, xCR, xCW, xCO, xCE, xES, xSS, xSR, xSA, xRJ, xCL},
	packet.ChunkAbort:            {xCL, xCL, xCL, xCL, xCL, xRJ, xCL, xCL, xCL, xCL, xCL, xCL, xCL, xCL},
}
