// SPDX-License-Identifier: Apache-2.0

// Package ulvs is Linux Virtual Server in user space: these are the words that
// the command line, the control socket and the engine share.
//
// What somebody asked for (Service, Server) and what is observed
// (ServiceStatus, ServerStatus) are different types.
package ulvs

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/netip"
	"strings"
)

// A Proto is an IP protocol that a service can have.
type Proto uint8

// The protocols of virtual services.
const (
	TCP  Proto = 6
	UDP  Proto = 17
	SCTP Proto = 132
)

// String is the protocol as ipvsadm prints it.
func (p Proto) String() string {
	switch p {
	case TCP:
		return "TCP"
	case UDP:
		return "UDP"
	case SCTP:
		return "SCTP"
	}
	return "?"
}

// MarshalText is the protocol as JSON and paths of the control socket have it:
// "tcp"; no protocol is the empty text.
func (p Proto) MarshalText() ([]byte, error) {
	if p == 0 {
		return nil, nil
	}
	if p.String() == "?" {
		return nil, fmt.Errorf("protocol %d: want tcp, udp or sctp", uint8(p))
	}
	return []byte(strings.ToLower(p.String())), nil
}

// UnmarshalText is the inverse of MarshalText.
func (p *Proto) UnmarshalText(text []byte) error {
	switch string(text) {
	case "":
		*p = 0
	case "tcp":
		*p = TCP
	case "udp":
		*p = UDP
	case "sctp":
		*p = SCTP
	default:
		return fmt.Errorf("protocol %q: want tcp, udp or sctp", text)
	}
	return nil
}

// An ID is what makes a virtual service itself: a protocol, a VIP and a port
// (zero: all ports), or a firewall mark in one address family.
type ID struct {
	Proto Proto          `json:"proto,omitzero"`
	Addr  netip.AddrPort `json:"addr"`          // of a mark: 0.0.0.0:0 or [::]:0, which tells the family
	Mark  uint32         `json:"mark,omitzero"` // not zero: whatever bears this mark, and no Proto
}

// String is the service as ulvs's own messages call it.
func (id ID) String() string {
	if id.Mark == 0 {
		return fmt.Sprintf("%v %v", id.Proto, id.Addr)
	}
	if id.Addr.Addr().Is6() {
		return fmt.Sprintf("FWM %d IPv6", id.Mark)
	}
	return fmt.Sprintf("FWM %d", id.Mark)
}

// A Service is a virtual service as somebody asked for it.
type Service struct {
	ID
	Scheduler string     `json:"scheduler"`           // "wlc"
	Flags     uint8      `json:"flags,omitzero"`      // of the scheduler: the bits of sched.Flags
	Persist   int        `json:"persist,omitzero"`    // seconds for which a client stays with its server; zero: not at all
	Mask      netip.Addr `json:"mask,omitzero"`       // clients that agree in these bits are one; zero: in all
	OnePacket bool       `json:"one_packet,omitzero"` // each datagram is scheduled for itself
	Engine    string     `json:"engine,omitzero"`     // what else makes clients one: "sip"
	Locals    Locals     `json:"locals,omitzero"`     // what its fullnat servers see as the source
}

// A Server is a real server as somebody asked for it.
type Server struct {
	Addr   netip.AddrPort `json:"addr"` // port zero: the client's destination port
	Mode   string         `json:"mode"` // "nat", "dr": a name in modes.All
	Weight int            `json:"weight"`
	Upper  int            `json:"upper,omitzero"`  // connections at which it takes no more; zero: no limit
	Tunnel Tunnel         `json:"tunnel,omitzero"` // of mode tun
	Lower  int            `json:"lower,omitzero"`  // below how many it does again; zero: three quarters of Upper
}

// A Tunnel is how mode tun wraps packets to a real server; zero is an IP packet
// in another.
type Tunnel struct {
	Type string `json:"type"`          // "ipip", "gre", "gue"; none is "ipip"
	Port uint16 `json:"port,omitzero"` // of gue
	Sum  string `json:"sum,omitzero"`  // "csum", "remcsum"; none is "nocsum"
}

// A Verb is what a Command does.
type Verb string

// The verbs, one for each ipvsadm command that changes something.
const (
	AddService    Verb = "add-service"
	EditService   Verb = "edit-service"
	DeleteService Verb = "delete-service"
	Flush         Verb = "flush"
	AddServer     Verb = "add-server"
	EditServer    Verb = "edit-server"
	DeleteServer  Verb = "delete-server"
	Zero          Verb = "zero"         // Service.ID zero: everything
	SetTimeouts   Verb = "set-timeouts" // zero leaves a timeout as it is
	SetSysctl     Verb = "set-sysctl"
	AddMark       Verb = "add-mark"
	InsertMark    Verb = "insert-mark" // before the others
	DeleteMark    Verb = "delete-mark"
	FlushMarks    Verb = "flush-marks"
)

// A Command is one line, of ipvsadm or ours, that changes something.
type Command struct {
	Verb     Verb     `json:"verb"`
	Service  Service  `json:"service,omitzero"`
	Server   Server   `json:"server,omitzero"`
	Timeouts Timeouts `json:"timeouts,omitzero"`
	Sysctl   Sysctl   `json:"sysctl,omitzero"`
	Mark     MarkRule `json:"mark,omitzero"`
}

// A Query says what to list: one service, or all of them.
type Query struct {
	ID ID `json:"id,omitzero"` // zero: every service
}

// Stats are counters since the last Zero: connections, packets, bytes of
// layer 3. In is client to server.
type Stats struct {
	Conns    uint64 `json:"conns"`
	InPkts   uint64 `json:"in_pkts"`
	OutPkts  uint64 `json:"out_pkts"`
	InBytes  uint64 `json:"in_bytes"`
	OutBytes uint64 `json:"out_bytes"`
}

// Rates are the kernel's estimates of what Stats grow by in a second, smoothed
// over some seconds. Bytes are bytes, also where ipvsadm calls them BPS.
type Rates = Stats

// A ServerStatus is a real server as it is observed.
type ServerStatus struct {
	Server
	Active     int   `json:"active"`
	Inactive   int   `json:"inactive"`
	Persistent int   `json:"persistent"` // clients that are to come back to it
	Stats      Stats `json:"stats"`
	Rates      Rates `json:"rates"`
}

// A ServiceStatus is a virtual service as it is observed; its servers stand in
// the kernel's order, the newest first.
type ServiceStatus struct {
	Service
	Stats   Stats          `json:"stats"`
	Rates   Rates          `json:"rates"`
	Servers []ServerStatus `json:"servers"`
}

// Info is what the first line of a listing tells.
type Info struct {
	Version [3]int `json:"version"` // of the IPVS that ulvs speaks like: 1.2.1
	Size    int    `json:"size"`    // of the connection table, as the kernel prints it

	Timeouts Timeouts `json:"timeouts"`
}

// A Director carries out commands. The engine is one; so is a client of its
// control socket.
type Director interface {
	// Do carries out one command. The data path sees it whole or not at all.
	Do(context.Context, Command) error
	// Apply carries out many commands, which the data path sees at once. report
	// hears the outcome of each line, from 1; if it returns an error, Apply
	// stops there, keeps what went before, and returns that error. Both lines
	// and report run in the goroutine that called Apply.
	Apply(ctx context.Context, lines iter.Seq[Command], report func(line int, err error) error) error
	// List streams the services that the query names, in the director's order.
	List(context.Context, Query) iter.Seq2[ServiceStatus, error]
	// Conns streams the connections, in no order.
	Conns(context.Context) iter.Seq2[Conn, error]
	// Sysctls are all there are, by name, with their values of now.
	Sysctls(context.Context) ([]Sysctl, error)
	// Marks are the rules for marks, in the order they are looked at.
	Marks(context.Context) ([]MarkRule, error)
	// Info tells whom one talks to.
	Info(context.Context) (Info, error)
}

// What a director refuses, and why. ipvsadm words them for each operation.
var (
	ErrServiceExists   = errors.New("service exists")
	ErrNoService       = errors.New("no such service")
	ErrServerExists    = errors.New("real server exists")
	ErrNoServer        = errors.New("no such real server")
	ErrNoScheduler     = errors.New("no such scheduler")
	ErrInvalid         = errors.New("invalid operation")      // the kernel's EINVAL: address not unicast and the like
	ErrRange           = errors.New("value out of range")     // ERANGE
	ErrFamily          = errors.New("address family differs") // EINVAL/EAFNOSUPPORT: server and service of different families
	ErrPermission      = errors.New("permission denied")
	ErrNoDirector      = errors.New("no director here")
	ErrBusy            = errors.New("another director runs") // where a second one was to start
	ErrNotYetSupported = errors.New("not supported yet")
	ErrNoSysctl        = errors.New("no such sysctl")
	ErrNoEngine        = errors.New("no such persistence engine")
	ErrNoLocals        = errors.New("mode fullnat needs local addresses: give its service --local-address")
	ErrMarkExists      = errors.New("mark rule exists")
	ErrNoMark          = errors.New("no such mark rule")
)
