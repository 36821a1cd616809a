// SPDX-License-Identifier: Apache-2.0

package packet

// An SCTP packet is a common header (sctp.go) and then chunks, each on a
// boundary of four bytes (RFC 9260 §3.2):
//
//	0 type   1 flags   2 length, with these four bytes, without padding   4 value
//
// A director understands an association by the first chunk alone.

// A Chunk is what the first chunk of an SCTP packet does to an association.
type Chunk uint8

// The chunks that are told apart; ChunkData are also all others, those that
// nobody knows among them. A COOKIE-ECHO or COOKIE-ACK with an ABORT right
// behind it is an ABORT.
const (
	NoChunk Chunk = iota // none lies in the packet, or it is not SCTP
	ChunkData
	ChunkInit
	ChunkInitAck
	ChunkCookieEcho
	ChunkCookieAck
	ChunkShutdown
	ChunkShutdownAck
	ChunkShutdownComplete
	ChunkError
	ChunkAbort
	numChunks
)

// Chunks is how many there are: tables of what they do are arrays of that size.
const Chunks = int(numChunks)

// The types on the wire (RFC 9260 §3.2), of those that decide.
const (
	typeAbort      = 6
	typeCookieEcho = 10
	typeCookieAck  = 11
)

const sizeChunk = 4

// meanings are the chunks by their types on the wire.
var meanings = [...]Chunk{
	1:              ChunkInit,
	2:              ChunkInitAck,
	typeAbort:      ChunkAbort,
	7:              ChunkShutdown,
	8:              ChunkShutdownAck,
	9:              ChunkError,
	typeCookieEcho: ChunkCookieEcho,
	typeCookieAck:  ChunkCookieAck,
	14:             ChunkShutdownComplete,
}

// chunkOf reads what lies behind the common header.
func chunkOf(b []byte) Chunk {
	switch {
	case len(b) < sizeChunk:
		return NoChunk
	case int(b[0]) >= len(meanings):
		return ChunkData
	case (b[0] == typeCookieEcho || b[0] == typeCookieAck) && aborts(b):
		return ChunkAbort
	}
	return max(meanings[b[0]], ChunkData)
}

// aborts reports whether the chunk after the first is an ABORT.
func aborts(b []byte) bool {
	n := int(be.Uint16(b[2:]))
	at := padded(n)
	return n >= sizeChunk && at+sizeChunk <= len(b) && b[at] == typeAbort
}

// padded is where the chunk after one of n bytes begins.
func padded(n int) int { return (n + 3) &^ 3 }
