// SPDX-License-Identifier: Apache-2.0

package ulvs

import "net/netip"

// Timeouts are those of silent connections that can be set, in seconds.
type Timeouts struct {
	TCP    int `json:"tcp"`     // open
	TCPFin int `json:"tcp_fin"` // half closed
	UDP    int `json:"udp"`
}

// A Sysctl is one of the kernel's net.ipv4.vs that means something here.
type Sysctl struct {
	Name  string `json:"name"`  // "conn_reuse_mode"
	Value string `json:"value"` // as the kernel's file would have it, without the line's end
}

// A Conn is a connection as it is observed, or a template: what a persistent
// service remembers of a client.
type Conn struct {
	Proto   Proto          `json:"proto,omitzero"` // zero: a template of a mark, which is for all protocols
	Client  netip.AddrPort `json:"client"`         // of a template: the client's network, port zero
	Virtual netip.AddrPort `json:"virtual"`        // of a mark's template: the mark, written as an address
	Server  netip.AddrPort `json:"server"`
	State   string         `json:"state"` // "ESTABLISHED"
	Left    int            `json:"left"`  // seconds until it is forgotten, rounded as the kernel does

	Template   bool   `json:"template,omitzero"`
	Engine     string `json:"engine,omitzero"`      // "sip"
	EngineData string `json:"engine_data,omitzero"` // the Call-ID
}
