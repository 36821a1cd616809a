// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"encoding/hex"
	"strings"
	"testing"
)

// What the first chunk is, by the numbers of RFC 9260 §3.2; and that an ABORT
// counts behind a COOKIE-ECHO or COOKIE-ACK alone, on the next boundary of four
// bytes, as set_sctp_state of the kernel looks for it.
func TestChunk(t *testing.T) {
	for text, want := range map[string]Chunk{
		"": NoChunk, "01": NoChunk, "010000": NoChunk,
		"00000004": ChunkData, "03000004": ChunkData, "04000004": ChunkData, "05000004": ChunkData,
		"0c000004": ChunkData, "0d000004": ChunkData, "0f000004": ChunkData, "c1000004": ChunkData, "ff000004": ChunkData,
		"01000004": ChunkInit, "02000004": ChunkInitAck, "06000004": ChunkAbort, "07000004": ChunkShutdown,
		"08000004": ChunkShutdownAck, "09000004": ChunkError, "0a000004": ChunkCookieEcho, "0b000004": ChunkCookieAck,
		"0e000004": ChunkShutdownComplete, "01000000": ChunkInit, "0100ffff": ChunkInit,

		"0a000004 06000004":            ChunkAbort,
		"0b000004 06000004":            ChunkAbort,
		"0a000006 00000000 06000004":   ChunkAbort,
		"0a000005 06000000 0600":       ChunkCookieEcho, // not whole
		"0a000008 06000004 00000004":   ChunkCookieEcho, // that is the cookie
		"0a000003 06000004":            ChunkCookieEcho, // no such length
		"0b00ffff 06000004":            ChunkCookieAck,
		"0b000004 00000004 06000004":   ChunkCookieAck, // the third
		"01000004 06000004":            ChunkInit,
		"00000004 06000004":            ChunkData,
		"0a000004 06000004 0100000406": ChunkAbort,
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		if got := chunkOf(b); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// Parse says what the chunk is, and of other packets that there is none.
func TestParseChunk(t *testing.T) {
	const ends = "198.51.100.7:1234 > 192.0.2.1:9 "
	for line, want := range map[string]Chunk{
		ends + "sctp":                                       NoChunk,
		ends + "sctp INIT len 4":                            ChunkInit,
		ends + "sctp COOKIE-ECHO:33 ABORT":                  ChunkAbort,
		ends + "sctp SACK DATA len 3":                       ChunkData,
		ends + "sctp INIT frag 0+ id 7":                     ChunkInit,
		"198.51.100.7 > 192.0.2.1 sctp frag 8+ len 16 id 7": NoChunk,
		"[fd00::7]:1234 > [fd00::1]:9 sctp SHUTDOWN-ACK":    ChunkShutdownAck,
		ends + "tcp S":                                      NoChunk,
	} {
		p := must(t, line)
		p.Chunk = ChunkError
		if why := p.Parse(); why != None || p.Chunk != want {
			t.Errorf("%s: %v, chunk %d, want %d", line, why, p.Chunk, want)
		}
	}
}

// A header of less than twelve bytes is none.
func TestTruncatedSCTP(t *testing.T) {
	p := wire(t, ether4+"4500001f 00000000 4084 6659"+ips+"0007 0009 00000000 000000")
	if why := p.Parse(); why != Truncated {
		t.Error(why)
	}
}

// The chunk words of the notation, by the bytes of RFC 9260.
func TestDrawChunks(t *testing.T) {
	for line, want := range map[string]string{
		"INIT tag 0x1234":                     "0000123400000000" + "01000014" + strings.Repeat("00", 16),
		`COOKIE-ECHO:1 DATA data "ab"`:        "0000000000000000" + "0a000005" + "00000000" + "00000012" + strings.Repeat("00", 12) + "61620000",
		"COOKIE-ACK ABORT":                    "0000000000000000" + "0b000004" + "06000004",
		"192:2 SHUTDOWN-COMPLETE":             "0000000000000000" + "c0000006" + "00000000" + "0e000004",
		"SHUTDOWN":                            "0000000000000000" + "07000008" + "00000000",
		"HEARTBEAT HEARTBEAT-ACK ECNE CWR":    "0000000000000000" + "04000004" + "05000004" + "0c00000800000000" + "0d00000800000000",
		"SHUTDOWN-ACK INIT-ACK SACK ERROR":    "0000000000000000" + "08000004" + "02000014" + strings.Repeat("00", 16) + "03000010" + strings.Repeat("00", 12) + "09000004",
		`data "no chunk" tag 4294967295`:      "ffffffff00000000" + hex.EncodeToString([]byte("no chunk")),
		`15 data "\x00\x00\x00\x00\x00\x00a"`: "0000000000000000" + "0f00000b" + "00000000000061" + "00",
	} {
		p := must(t, "198.51.100.7:1234 > 192.0.2.1:9 sctp "+line)
		be.PutUint32(p.Buf[p.L4+8:], 0)
		if got := hex.EncodeToString(p.Buf[p.L4+4 : p.End]); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", line, got, want)
		}
	}
}

// What other stacks send is worded by its chunks, whatever their fields hold.
func TestLookChunks(t *testing.T) {
	for bytes, want := range map[string]string{
		"01000014 deadbeef 00010000 000a000a 00000001":                  "INIT",
		"01000018 deadbeef 00010000 000a000a 00000001 c0000004":         `INIT data "\xc0\x00\x00\x04"`,
		"0a000006 00010000 00030011 0000000100000000 00000000 68000000": `COOKIE-ECHO:2 DATA data "h"`,
		"00030011 0000000100000000 00000000 68":                         `DATA data "h"`, // unpadded
		"01000013 deadbeef 00010000 000a000a 00000001":                  `data "\x01\x00\x00\x13ޭ\xbe\xef\x00\x01\x00\x00\x00\n\x00\n\x00\x00\x00\x01"`,
		"01000015 deadbeef 00010000 000a000a 00000001":                  `data "\x01\x00\x00\x15ޭ\xbe\xef\x00\x01\x00\x00\x00\n\x00\n\x00\x00\x00\x01"`,
		"06000004 00":     `data "\x06\x00\x00\x04\x00"`,
		"06010004":        "ABORT",
		"06000004 000000": `data "\x06\x00\x00\x04\x00\x00\x00"`,
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(bytes, " ", ""))
		if err != nil {
			t.Fatal(err)
		}
		p := must(t, "198.51.100.7:1234 > 192.0.2.1:9 sctp len 80")
		copy(p.Buf[p.L4+sizeSCTP:], b)
		p.End = p.L4 + sizeSCTP + len(b)
		be.PutUint16(p.Buf[p.L3+2:], uint16(p.L3Len()))
		seal4(p.Buf[p.L3:p.L4])
		sealSCTP(p.Buf[p.L4:p.End])
		if got := p.Text(); got != "198.51.100.7:1234 > 192.0.2.1:9 sctp "+want {
			t.Errorf("%s\ngot  %s\nwant %s", bytes, got, want)
		}
	}
}
