// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"fmt"
	"strings"
)

// A sketch is what a line says. Text looks at a packet and words the sketch;
// FromText reads the words and draws the packet.
type sketch struct {
	kind uint16 // EtherType; 0: none was said
	mac  struct {
		dst, src MAC
		said     bool
	}
	vlan    uint16
	mark    uint32
	notToUs bool

	flow     Flow
	ttl, tos uint8
	df       bool
	id       uint32
	frag     Frag
	offset   int  // of a fragment, in bytes
	more     bool // fragments follow

	flags            TCPFlags
	seq, ack         uint32
	options          []byte // of TCP, without padding
	tag              uint32 // of SCTP: verification tag
	chunks           []chunkWord
	last             int // length of the last chunk's value, as found
	icmp             [2]uint8
	ident            uint16
	mtu              uint32
	quote            *sketch
	payload          []byte
	badSum, noSum    bool
	gso              uint16
	partial, gsoFull bool

	ask, answer bool // of ARP and ND
	who, tell   Addr // the address in question; whom the answer is for
	at          MAC  // where who is
}

var usualDst, usualSrc = MAC{2, 5: 2}, MAC{2, 5: 1}

// Text is p in the notation that FromText reads. It parses a copy of the frame, so
// that it can be asked at any time; a frame that does not parse is described.
func (p *Packet) Text() string {
	q := *p
	q.Buf = append([]byte(nil), p.Buf[p.Off:p.End]...)
	q.Off, q.End = 0, len(q.Buf)
	if why := q.Parse(); why != None && why != NotOurs {
		return fmt.Sprintf("%v, %d bytes: %x", why, len(q.Buf), q.Buf[:min(len(q.Buf), 64)])
	}
	var s sketch
	s.look(&q)
	var b strings.Builder
	s.print(&b)
	return b.String()
}

// FromText is the frame that a line describes, as it lies on the wire. The
// notation is that of lessons and traces: one line is one frame, and what it
// does not say is as usual.
//
//	198.51.100.7:1234 > 192.0.2.1:80 tcp S
//	[2001:db8::7]:1234 > [2001:db8::1]:53 udp data "hello" ttl 3
//	198.51.100.7:1234 > 192.0.2.1:9 sctp COOKIE-ECHO:100 DATA data "hello"
//	192.0.2.1 > 198.51.100.7 icmp port-unreachable { 198.51.100.7:5 > 192.0.2.1:7 udp }
//	198.51.100.7:1234 > 192.0.2.1:80 tcp PA len 30000 gso 1448
//	arp who-has 192.0.2.1 tell 192.0.2.254
//
//	line     = ip { word } | arp { link } | "type" number { link }
//	ip       = end ">" end protocol
//	end      = address [ ":" port ]        an IPv6 address with a port stands in brackets
//	protocol = "tcp" [ flags ] | "udp" | "sctp" { chunk } | "proto" number
//	         | ( "icmp" | "icmp6" ) ( name | type "/" code ) [ "{" ip { word } "}" ]
//	flags    = some of S F R P A U E C; a dot alone is none of them
//	chunk    = ( name | type ) [ ":" number ]          DATA, INIT, INIT-ACK …; the number is how
//	                                                   long what varies is, but in the last chunk,
//	                                                   where it is the payload
//	arp      = ( "arp" | "nd" ) ( "who-has" address [ "tell" address ]
//	                            | address "is-at" mac [ "tell" address ] )
//	word     = "seq" number | "ack" number             of TCP; seq of an echo too
//	         | "tag" number                            of SCTP
//	         | "[" option { "," option } "]"           of TCP: mss N, wscale N, sackok,
//	                                                   ts N N, nop, or kind:hex
//	         | "ident" number                          of an echo
//	         | "mtu" number                            of frag-needed and too-big
//	         | "len" number | "data" string            payload: so many zeros, or a Go string
//	         | "sum" ( "bad" | "none" )                of the transport; none is UDP's zero
//	         | "ttl" number | "tos" number | "df" | "id" number
//	         | "frag" offset [ "+" ]                   bytes; + is more to come. Ports only at 0
//	         | "gso" size [ "full" ]                   a super-frame, partial if not full
//	         | "partial"                               its checksum is left to the device
//	         | link
//	link     = "vlan" number | "mark" number | "mac" mac ">" mac | "not-to-us"
//
// Numbers are decimal, or hexadecimal after 0x. The usual: ttl 64, mac
// 02:00:00:00:00:01 > 02:00:00:00:00:02, to us, everything right.
func FromText(line string) ([]byte, error) {
	var p Packet
	if err := p.FromText(line); err != nil {
		return nil, err
	}
	return p.Buf[p.Off:p.End:p.End], nil
}

// FromText makes p the packet that a line describes, in memory of its own with
// Headroom, and parsed: as if a link had lent it, with Offload, VLAN, Mark and
// ToUs.
func (p *Packet) FromText(line string) error {
	s, err := sketched(line)
	if err == nil {
		err = s.draw(p)
	}
	if err != nil {
		return fmt.Errorf("packet %q: %w", line, err)
	}
	return nil
}
