// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"time"
)

// A World is a director as package comment and plan.go describe it. One
// goroutine uses it.
type World interface {
	// Traits are what lessons have to know of it.
	Traits() Traits
	// Run carries out a command line, its first word the program's name: one that
	// begins with ipvsadm, sysctl, iptables, ip6tables, or ulvs mark.
	Run(ctx context.Context, args []string, in string) (Answer, error)
	// Arrive lets a frame reach a port, and returns when the director is done
	// with it.
	Arrive(ctx context.Context, port int, frame []byte) (Effect, error)
	// Wait lets time go by.
	Wait(ctx context.Context, d time.Duration) (Effect, error)
}

// Traits tell worlds apart.
type Traits struct {
	Name     string
	Virtual  bool // time costs nothing, and everything happens at once
	Hostless bool // there is no host beside the director to answer anything
	Truth    bool // it is the kernel's IPVS itself
}

// An Answer is what a program said.
type Answer struct {
	Out, Err string
	Code     int // its exit code
}

// An Effect is what the director did.
type Effect struct {
	Left   [ports][][]byte   // the frames that left, by port, in order
	Counts map[string]uint64 // reasons counted; nil: this world cannot tell
}

// passed is the reason that is counted for what is left to the host.
const passed = "not ours"
