// SPDX-License-Identifier: Apache-2.0

// Package sched chooses a real server for each new connection, as the
// schedulers of the kernel's IPVS choose it.
//
// One scheduler is one file: its formula and its source stand on top. A new
// one registers itself; the command line, the conformance suite (schedtest)
// and the simulator range over Names.
package sched

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// A Scheduler chooses. It belongs to one service and is never called twice at
// once.
type Scheduler interface {
	// Update tells what happened to the service's servers: once for each hook
	// of the kernel, in order, also when nothing changed (wrr rewinds even
	// then). The servers stand in the kernel's order, the newest first; the
	// slice holds still until the next Update.
	Update(servers []*Server, change Change)
	// Pick is the server for a new connection, nil if none can take it. The
	// caller counts the connection (Server.Bind) before it picks again.
	Pick(Request) *Server
}

// A Request is all that may sway a choice.
type Request struct {
	Flow   packet.Flow   // of the packet that opens the connection
	Quoted bool          // an ICMP error opens it, about a packet that went the other way
	Now    time.Duration // since the start
	Flags  Flags         // of the service at this moment: they act without an Update
}

// destination is what dh, lblc and lblcr go by. The kernel has them read the
// packet's destination where it stands, and in a packet that an error quotes
// that is the client.
func (r *Request) destination() *packet.Addr {
	if r.Quoted {
		return &r.Flow.Src.Addr
	}
	return &r.Flow.Dst.Addr
}

// Flags are the service's scheduler flags, ipvsadm's -b. What they mean is the
// scheduler's own affair.
type Flags uint8

// The flags by their general names.
const (
	Flag1 Flags = 1 << iota // flag-1: sh-fallback, mh-fallback
	Flag2                   // flag-2: sh-port, mh-port
	Flag3                   // flag-3
)

// A Change is one hook of the kernel's schedulers.
type Change struct {
	Kind   ChangeKind
	Server *Server // whom it is about; nil for Init
}

// A ChangeKind says which hook.
type ChangeKind uint8

// The hooks.
const (
	Init ChangeKind = iota // the scheduler was bound to the service
	Add                    // the server stands in the list now, at its head
	Del                    // the server left the list
	Edit                   // the server was edited; its weight is the new one
)

// Env is all that a scheduler is given of the world.
type Env struct {
	Rand     *rand.Rand // chance; the caller keeps it, and seeds it for a repeatable run
	Settings *Settings  // the caller keeps it, and may change it between two Picks; nil: DefaultSettings
}

// Settings are the kernel's sysctls that schedulers heed.
type Settings struct {
	LBLCExpiration  time.Duration // lblc_expiration: when lblc forgets an unused destination
	LBLCRExpiration time.Duration // lblcr_expiration: likewise; and after it lblcr makes an unchanged set smaller
}

// DefaultSettings are those of a kernel that nobody has touched.
func DefaultSettings() Settings { return Settings{24 * time.Hour, 24 * time.Hour} }

var makers = map[string]func(Env) Scheduler{}

// Register makes a scheduler known by name. It is for init functions only, and
// panics if the name is taken.
func Register(name string, maker func(Env) Scheduler) {
	if makers[name] != nil {
		panic("sched: two schedulers are called " + name)
	}
	makers[name] = maker
}

// New is a scheduler of that name, without servers: the first Update is Init.
// Whatever Env leaves out is a fixed seed, and the kernel's defaults.
func New(name string, env Env) (Scheduler, error) {
	maker := makers[name]
	if maker == nil {
		return nil, fmt.Errorf("no scheduler is called %q: choose one of %s", name, strings.Join(Names(), " "))
	}
	if env.Rand == nil {
		env.Rand = rand.New(rand.NewPCG(0, 0))
	}
	if env.Settings == nil {
		d := DefaultSettings()
		env.Settings = &d
	}
	return maker(env), nil
}

// Names are the known schedulers, sorted.
func Names() []string { return slices.Sorted(maps.Keys(makers)) }
