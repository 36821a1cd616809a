// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"net/netip"
	"sync/atomic"
)

// A Server is a real server as a scheduler may see it.
//
// Whoever owns the service changes Weight, LastWeight and the thresholds, by
// Added and Edited, between two Picks. The counts are changed between two
// Picks too, by whoever opens and closes connections, and by these methods
// only: so the threshold rule stands in one place, and an index over loads
// learns here whose load has moved. Anybody may read the counts at any time.
type Server struct {
	Addr       netip.AddrPort
	Weight     int // 0: takes no new connections ("quiesced")
	LastWeight int // the last weight that was not zero since it was added

	upper, lower     atomic.Int64 // thresholds in connections; zero: none
	active, inactive atomic.Int64
	templates        atomic.Int64
	overloaded       atomic.Bool

	latency, bytes fading // of Observe and Carried

	lineup *lineup // who is to know of changes; nil: nobody
	place  int32   // in the lineup
	noted  bool    // the lineup knows, and has not looked yet
}

// Active is how many connections count as active: of TCP those from the first
// SYN until one side ends it; of UDP none.
func (s *Server) Active() int { return int(s.active.Load()) }

// Inactive is how many other connections are still remembered.
func (s *Server) Inactive() int { return int(s.inactive.Load()) }

// Upper is the number of connections at which the server is overloaded; zero:
// never.
func (s *Server) Upper() int { return int(s.upper.Load()) }

// Lower is the number of connections below which it no longer is; zero: three
// quarters of Upper.
func (s *Server) Lower() int { return int(s.lower.Load()) }

// Overloaded reports whether the thresholds keep new connections away.
func (s *Server) Overloaded() bool { return s.overloaded.Load() }

// eligible is what almost every scheduler asks of a server.
func (s *Server) eligible() bool { return s.Weight > 0 && !s.Overloaded() }

// overhead is the load as lc and wlc see it: an active connection weighs as
// much as 256 inactive ones.
func (s *Server) overhead() int64 { return s.active.Load()*256 + s.inactive.Load() }

// expected is the load as sed and nq see it: with the connection that is to
// come.
func (s *Server) expected() int64 { return s.active.Load() + 1 }

// Added sets what an administrator says of a server that enters the service,
// a new one or one that was in it before and still has connections. As Edited,
// but that the last weight is forgotten: weight 0 makes it 0.
func (s *Server) Added(weight, upper, lower int) {
	s.LastWeight = 0
	s.Edited(weight, upper, lower)
}

// Edited sets what an administrator may edit, and follows the kernel's rule
// for it: only a threshold that is raised or taken away ends an overload, at
// once, and a lowered one waits for the next connection.
func (s *Server) Edited(weight, upper, lower int) {
	s.Weight = weight
	if weight != 0 {
		s.LastWeight = weight
	}
	if upper == 0 || upper > s.Upper() {
		s.overloaded.Store(false)
	}
	s.upper.Store(int64(upper))
	s.lower.Store(int64(lower))
	s.note()
}

// Bind counts a new connection.
func (s *Server) Bind(active bool) {
	s.count(active).Add(1)
	if u := s.Upper(); u != 0 && s.total() >= u {
		s.overloaded.Store(true)
	}
	s.note()
}

// Unbind discounts a connection that is gone, by what it was last.
func (s *Server) Unbind(active bool) {
	s.count(active).Add(-1)
	if s.Overloaded() && s.relieved() {
		s.overloaded.Store(false)
	}
	s.note()
}

// BindTemplate counts a template: a client that is to come back. Templates are
// no load, but the kernel looks at the thresholds here too.
func (s *Server) BindTemplate() {
	s.templates.Add(1)
	if u := s.Upper(); u != 0 && s.total() >= u {
		s.overloaded.Store(true)
	}
	s.note()
}

// UnbindTemplate discounts a template that is gone.
func (s *Server) UnbindTemplate() {
	s.templates.Add(-1)
	if s.Overloaded() && s.relieved() {
		s.overloaded.Store(false)
	}
	s.note()
}

// Templates are how many clients are to come back.
func (s *Server) Templates() int { return int(s.templates.Load()) }

// relieved is the kernel's rule after a connection went: below the lower
// threshold, or, without one, below three quarters of the upper.
func (s *Server) relieved() bool {
	switch l, u := s.Lower(), s.Upper(); {
	case l != 0:
		return s.total() < l
	case u != 0:
		return s.total()*4 < u*3
	}
	return true
}

// Activate moves a connection from inactive to active. Thresholds look at the
// sum, which stays.
func (s *Server) Activate() {
	s.inactive.Add(-1)
	s.active.Add(1)
	s.note()
}

// Deactivate moves a connection from active to inactive.
func (s *Server) Deactivate() {
	s.active.Add(-1)
	s.inactive.Add(1)
	s.note()
}

func (s *Server) total() int { return s.Active() + s.Inactive() }

func (s *Server) count(active bool) *atomic.Int64 {
	if active {
		return &s.active
	}
	return &s.inactive
}
