// SPDX-License-Identifier: Apache-2.0

package nat

import (
	"net/netip"
	"testing"

	"github.com/ulvs/ulvs/packet"
)

func end(text string) packet.Endpoint { return packet.EndpointFrom(netip.MustParseAddrPort(text)) }

var path = packet.Path{
	Client: end("198.51.100.7:1234"), Virtual: end("192.0.2.1:9"), Local: end("198.51.100.7:1234"), Server: end("10.0.0.1:99"),
}

// through is a line after its way through the director.
func through(t *testing.T, line string, way func(*packet.Packet, *packet.Ctx) packet.Drop, c packet.Ctx) string {
	t.Helper()
	var p packet.Packet
	if err := p.FromText(line); err != nil {
		t.Fatal(err)
	}
	if q, why := p.Quote(); why == packet.None {
		c.Quote = &q
	}
	if why := way(&p, &c); why != packet.None {
		t.Fatalf("%s: %v", line, why)
	}
	return p.Text()
}

// Both ways of all protocols: checksums stay right, or as wrong as they were;
// a CRC is computed anew if the port changes, a datagram gets the checksum that
// it lacked.
func TestBothWays(t *testing.T) {
	const client, virtual, server = "198.51.100.7:1234", "192.0.2.1:9", "10.0.0.1:99"
	for words, want := range map[string]string{
		"tcp S": "tcp S", "tcp S sum bad": "tcp S sum bad",
		`udp data "a"`: `udp data "a"`, `udp data "a" sum none`: `udp data "a"`,
		"sctp INIT": "sctp INIT", "sctp INIT sum bad": "sctp INIT", "sctp COOKIE-ECHO:33 DATA len 9": "sctp COOKIE-ECHO:33 DATA len 9",
	} {
		if got := through(t, client+" > "+virtual+" "+words, In, packet.Ctx{Path: path}); got != client+" > "+server+" "+want {
			t.Errorf("in, %s: %s", words, got)
		}
		if got := through(t, server+" > "+client+" "+words, Out, packet.Ctx{Path: path}); got != virtual+" > "+client+" "+want {
			t.Errorf("out, %s: %s", words, got)
		}
	}
}

// With the port unchanged, an SCTP checksum is none of nat's business: it does
// not cover the addresses.
func TestSamePort(t *testing.T) {
	same := path
	same.Server.Port = same.Virtual.Port
	for _, sum := range []string{"", " sum bad"} {
		if got := through(t, "198.51.100.7:1234 > 192.0.2.1:9 sctp INIT"+sum, In, packet.Ctx{Path: same}); got != "198.51.100.7:1234 > 10.0.0.1:9 sctp INIT"+sum {
			t.Error(got)
		}
	}
}

// An error about a packet of the connection is about what the other end knows.
func TestErrors(t *testing.T) {
	for _, words := range []string{"tcp A", "udp len 8", "sctp SACK"} {
		got := through(t, "198.51.100.7 > 192.0.2.1 icmp port-unreachable { 192.0.2.1:9 > 198.51.100.7:1234 "+words+" }", In, packet.Ctx{Path: path})
		if want := "198.51.100.7 > 10.0.0.1 icmp port-unreachable { 10.0.0.1:99 > 198.51.100.7:1234 " + words + " }"; got != want {
			t.Errorf("in, %s: %s", words, got)
		}
		got = through(t, "10.0.0.1 > 198.51.100.7 icmp port-unreachable { 198.51.100.7:1234 > 10.0.0.1:99 "+words+" }", Out, packet.Ctx{Path: path})
		if want := "192.0.2.1 > 198.51.100.7 icmp port-unreachable { 198.51.100.7:1234 > 192.0.2.1:9 " + words + " }"; got != want {
			t.Errorf("out, %s: %s", words, got)
		}
	}
}
