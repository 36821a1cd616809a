// SPDX-License-Identifier: Apache-2.0

// Package lab builds networks to play LVS in: real network namespaces, cables,
// switches and real servers, made by this binary alone, as root or as an
// ordinary user, and gone without a trace when they are taken down.
//
// Three kinds of process make a lab:
//
//	ulvs lab …     types: it asks for a lab, a shell, a command, the end
//	  │ control (up)
//	keeper         process 1 of the lab: it lays the cables; its end is the end of all
//	  │ control
//	agent          one a host: it owns the host's namespaces, its private /etc, /run
//	  │            and /var, and starts there what is asked for
//	  └── ulvs run, the real server, shells …
//
// The network of the keeper is the switch. Nothing has a name outside the lab
// but one directory (see Dir), so that labs of several users do not meet.
package lab

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// A Plan is a lab as it will be: hosts, wires, and what to play in it.
type Plan struct {
	Name    string     `json:"name"`
	About   string     `json:"about"` // one line
	Picture string     `json:"-"`
	VIP     netip.Addr `json:"vip"`
	Hosts   []Host     `json:"hosts"`
	Typed   []string   `json:"typed"` // lines that lab up types on lvs
	Try     []string   `json:"try"`   // what to type next, a tab, and why; indented: in the shell before
}

// A Host is a machine of a lab.
type Host struct {
	Name    string     `json:"name"`
	Ports   []Port     `json:"ports"`
	Gateway netip.Addr `json:"gateway"` // not valid: none
	Sysctl  []Setting  `json:"sysctl"`
	Daemons []Daemon   `json:"daemons"`
}

// A Port is a network interface of a host. Ports on the same wire hear each
// other: two are joined by a cable, more by a switch.
type Port struct {
	Name  string    `json:"name"`
	Wire  string    `json:"wire"` // empty: the loopback, which is there anyway
	Addrs []Address `json:"addrs"`
}

// An Address is one of a port's, and its role: CIP, VIP, DIP, RIP or none.
type Address struct {
	Prefix netip.Prefix `json:"prefix"`
	Role   string       `json:"role"`
}

// A Setting is a sysctl in a host.
type Setting struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// A Daemon is a program that a host runs from the beginning.
type Daemon struct {
	Args  []string `json:"args"`
	Ready []string `json:"ready"` // a command that exits 0 when the daemon is ready
	Log   string   `json:"log"`   // where its words go, in the host
}

// Plans are all labs there are, in the order to play them.
func Plans() []Plan { return []Plan{natPlan(), drPlan(), fwmarkPlan(), persistPlan(), fullnatPlan()} }

// Find is the plan of that name.
func Find(name string) (Plan, error) {
	var names []string
	for _, p := range Plans() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	return Plan{}, fmt.Errorf("no lab is called %q: there are %s", name, strings.Join(names, ", "))
}

// Names are the hosts' names.
func (p Plan) Names() []string {
	var names []string
	for _, h := range p.Hosts {
		names = append(names, h.Name)
	}
	return names
}

// wires are the names of all wires, each once, in the order of their first port.
func (p Plan) wires() []string {
	var wires []string
	for _, h := range p.Hosts {
		for _, port := range h.Ports {
			if port.Wire != "" && !slices.Contains(wires, port.Wire) {
				wires = append(wires, port.Wire)
			}
		}
	}
	return wires
}
