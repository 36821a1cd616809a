// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"net/netip"
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
)

func end(s string) packet.Endpoint { return packet.EndpointFrom(netip.MustParseAddrPort(s)) }

// nat is a connection from the n-th client port through NAT.
func nat(proto uint8, n uint16) New {
	client := end("198.51.100.7:0")
	client.Port = n
	return New{Proto: proto, Owner: uint32(n), Path: packet.Path{
		Client:  client,
		Virtual: end("192.0.2.1:80"),
		Local:   client,
		Server:  end("10.0.0.1:8080"),
	}}
}

// direct is nat as direct routing has it: the server answers for itself.
func direct(proto uint8, n uint16) New {
	c := nat(proto, n)
	c.Server.Port = c.Virtual.Port
	c.Flags = NoOutput
	return c
}

// full is nat through an end of the director's own.
func full(proto uint8, n uint16) New {
	c := nat(proto, n)
	c.Local = end("10.0.0.254:0")
	c.Local.Port = 20000 + n
	return c
}

func in(n New) packet.Flow { return packet.Flow{Src: n.Client, Dst: n.Virtual, Proto: n.Proto} }

func out(n New) packet.Flow {
	if n.Flags&NoOutput != 0 {
		return packet.Flow{Src: n.Virtual, Dst: n.Client, Proto: n.Proto}
	}
	return packet.Flow{Src: n.Server, Dst: n.Local, Proto: n.Proto}
}

func newTable(limit int) *Table { return NewTable(limit, Defaults(), 42) }

// insert adds a connection that there must be room for.
func insert(t testing.TB, tab *Table, n New, now time.Duration) *Conn {
	t.Helper()
	c, why := tab.Insert(n, now)
	if why != packet.None {
		t.Fatalf("insert: %v", why)
	}
	return c
}

func ignore(*Conn) {}
