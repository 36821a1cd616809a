// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"bytes"

	"github.com/ulvs/ulvs/conntrack"
	"github.com/ulvs/ulvs/packet"
)

// sizeUDP is the length of a UDP header.
const sizeUDP = 8

// callID is the Call-ID of a SIP message in a datagram (RFC 3261 §8.1.1.4, in
// its short form §7.3.3), nil if it has none that is complete: what the
// kernel's persistence engine "sip" goes by (ip_vs_pe_sip.c).
func callID(p *packet.Packet) []byte {
	if p.Flow.Proto != packet.ProtoUDP || p.Frag == packet.Later || p.L4+sizeUDP >= p.End {
		return nil
	}
	message := p.Buf[p.L4+sizeUDP : p.End]
	_, headers, _ := bytes.Cut(message, []byte("\n")) // the first line is none
	for len(headers) > 0 {
		line, rest, ended := bytes.Cut(headers, []byte("\n"))
		if value, ok := callIDOf(line); ok {
			return wholeCall(value, ended)
		}
		headers = rest
	}
	return nil
}

// callIDOf is what a header line says, if it is a Call-ID's.
func callIDOf(line []byte) (value []byte, ok bool) {
	name, value, found := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	if !found || !bytes.EqualFold(name, []byte("Call-ID")) && !bytes.EqualFold(name, []byte("i")) {
		return nil, false
	}
	return bytes.TrimLeft(value, " \t"), true
}

// wholeCall is the word, or word@word, that a header's value begins with. The
// kernel wants the line to end directly behind it.
func wholeCall(value []byte, ended bool) []byte {
	n := words(value)
	if n < len(value) && n > 0 && value[n] == '@' {
		if m := words(value[n+1:]); m > 0 {
			n += 1 + m
		} else {
			n = 0
		}
	}
	rest := value[n:]
	if n == 0 || n > conntrack.MaxCall || len(rest) == 0 && !ended || len(rest) > 0 && rest[0] != '\r' {
		return nil
	}
	return value[:n]
}

// words is how many bytes at the beginning are letters of RFC 3261's word.
func words(b []byte) int {
	n := 0
	for n < len(b) && (b[n] >= '0' && b[n] <= '9' || b[n] >= 'A' && b[n] <= 'Z' || b[n] >= 'a' && b[n] <= 'z' ||
		bytes.IndexByte([]byte("-.!%*_+`'~()<>:\\\"/[]?{}"), b[n]) >= 0) {
		n++
	}
	return n
}
