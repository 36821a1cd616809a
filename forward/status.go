// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"github.com/ulvs/ulvs/host"
	"github.com/ulvs/ulvs/modes"
	"github.com/ulvs/ulvs/packet"
)

// A Status is what the engine tells of itself.
type Status struct {
	Workers     int               `json:"workers"`
	Ports       []PortStatus      `json:"ports"`
	Services    int               `json:"services"`
	Servers     int               `json:"servers"`
	Deleted     int               `json:"deleted_servers"` // whose connections may live on
	Connections int               `json:"connections"`
	Max         int               `json:"max_connections"`
	Waiting     int               `json:"waiting"` // packets that wait for a neighbour
	Held        []string          `json:"held"`    // VIPs and local addresses that nobody but us holds
	Locals      map[string]int    `json:"locals"`  // ports that each local address has lent
	Rivals      []string          `json:"rivals"`  // who else says that he holds such a VIP
	Unreached   []string          `json:"unreached"`
	Silent      []string          `json:"silent"` // real servers that answer no question for their link address
	Astray      []string          `json:"astray"` // real servers that answer through the director, and should not
	Late        uint64            `json:"late"`   // batches before which not all that was due had expired
	Passed      uint64            `json:"passed"` // packets that were the host's own affair
	Queued      uint64            `json:"queued"` // packets that came marked by the host's rules
	Drops       map[string]uint64 `json:"drops"`  // by reason
	Stats       traffic           `json:"stats"`
}

// A PortStatus is one port of the engine.
type PortStatus struct {
	Name    string `json:"name"`
	Up      bool   `json:"up"`
	MTU     int    `json:"mtu"`
	MAC     string `json:"mac"`
	Link    string `json:"link"`
	Lost    uint64 `json:"lost"` // frames that came and the link could not keep
	InPkts  uint64 `json:"in_pkts"`
	OutPkts uint64 `json:"out_pkts"`
}

// Status is how things stand now.
func (e *Engine) Status() Status {
	e.mu.Lock()
	defer e.mu.Unlock()
	st := Status{
		Workers: 1, Services: len(e.book.services), Deleted: len(e.book.trash.dests), Max: e.cfg.Max,
		Held: []string{}, Rivals: []string{}, Silent: []string{}, Unreached: []string{}, Astray: []string{},
	}
	for _, s := range e.book.services {
		st.Servers += len(s.dests)
	}
	e.ask(func() { e.w.report(&st) })
	st.Unreached = append(st.Unreached, e.unreached()...)
	return st
}

// report fills in what the worker knows.
func (w *worker) report(st *Status) {
	st.Connections, st.Waiting, st.Stats = w.table.Len(), len(w.wait.queue), w.total
	st.Drops = map[string]uint64{}
	for i, n := range w.drops {
		why := packet.Drop(i)
		if why == packet.NotOurs {
			st.Passed = n - min(n, w.redeemed) // its port may have had it by now, or not yet
		} else if n > 0 {
			st.Drops[why.Error()] = n
		}
	}
	for i, l := range w.links {
		p := PortStatus{Link: l.String(), Lost: l.Lost(), InPkts: w.ports[i].InPkts, OutPkts: w.ports[i].OutPkts}
		if i < len(w.cfg.ports) {
			at := &w.cfg.ports[i]
			p.Name, p.Up, p.MTU, p.MAC = at.name, at.up && !w.dead[i], at.mtu, at.mac.String()
		}
		st.Ports = append(st.Ports, p)
	}
	lent := w.locals.Lent()
	st.Locals = make(map[string]int, len(w.cfg.locals))
	for a := range w.cfg.locals {
		st.Locals[a.String()] = lent[a]
	}
	for a := range w.cfg.held {
		st.Held = append(st.Held, a.String())
	}
	for a, mac := range w.rivals {
		if w.cfg.held[a] {
			st.Rivals = append(st.Rivals, a.String()+": "+mac.String()+" says so too, so ulvs does not answer for it")
		}
	}
	for a := range w.silent {
		st.Silent = append(st.Silent, a.String()+" does not answer: is it there, and on this network?")
	}
	st.Astray = append(st.Astray, w.tellAstray()...)
	st.Late, st.Queued = w.late, w.redeemed
}

// unreached names the real servers that no port of ours leads to.
func (e *Engine) unreached() []string {
	var out []string
	for _, s := range e.book.services {
		for _, d := range s.dests {
			if why := e.unreachable(d); why != "" {
				out = append(out, d.Addr.String()+": "+why)
			}
		}
	}
	return out
}

func (e *Engine) unreachable(d *dest) string {
	r, ok := e.snapshot.Route(packet.AddrFrom(d.Addr.Addr()))
	switch {
	case !ok:
		return "no route"
	case r.Kind == host.Local:
		return "an address of the director itself, which cannot be a real server yet"
	case r.Kind != host.Unicast:
		return "its route is of kind " + r.Kind.String()
	}
	for _, index := range e.cfg.Ports {
		if index == r.IfIndex {
			return e.behindRouter(d, r)
		}
	}
	return "its route leaves by an interface that ulvs does not hold"
}

// behindRouter: where only the next hop changes, the next hop has to be the
// real server itself; a router would send the packet back to the VIP. A tunnel
// crosses any, and what is translated too.
func (e *Engine) behindRouter(d *dest, r host.Route) string {
	if !modes.All[d.mode].OnLink || r.Gateway == (packet.Addr{}) {
		return ""
	}
	return "behind the router " + r.Gateway.String() + ", which dr cannot cross: make it a tunnel (-i) or --fullnat"
}
