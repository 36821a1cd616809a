// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"math/bits"
	"slices"
)

// few is how many servers are looked at one by one faster than an index over
// them answers: see docs/sched-speed.md.
const few = 16

// A lineup gives each server of a service a place, and notes whose load,
// weight or overload changed, so that an index looks at those only.
//
// Who was added later stands at a higher place: the head of the list is the
// highest. A place stays empty when its server leaves. When no more are left,
// all servers get new ones; there are then twice as many places as servers at
// least, so that adding costs the same however many there are.
//
// A server notes its changes for one lineup, that of its service. If another
// lineup takes a server over, the first one knows it, and its news are
// everybody from then on.
type lineup struct {
	servers []*Server // by place; nil: left
	room    int       // more than the places there can be, and a power of two
	present int       // servers that are not nil
	changed []int32   // places, each at most once
	robbed  bool      // another lineup took one of the servers
}

// follow is the Update of a lineup.
func (l *lineup) follow(list []*Server, change Change) {
	if d := change.Server; d != nil && !l.robbed {
		switch {
		case change.Kind == Edit && d.lineup == l && l.present == len(list):
			return // Edited has noted it
		case change.Kind == Add && d.lineup != l && l.present+1 == len(list) && len(l.servers) < l.room-1:
			l.enter(d)
			return
		case change.Kind == Del && d.lineup == l && l.present-1 == len(list):
			l.leave(d)
			return
		}
	}
	l.renew(list)
}

// renew gives all servers new places.
func (l *lineup) renew(list []*Server) {
	l.dismiss()
	if room := 1 << bits.Len(uint(2*len(list))); room != l.room {
		*l = lineup{servers: make([]*Server, 0, room-1), changed: make([]int32, 0, room), room: room}
	}
	for _, d := range slices.Backward(list) {
		l.enter(d)
	}
}

// dismiss lets all servers go.
func (l *lineup) dismiss() {
	for _, d := range l.servers {
		if d != nil && d.lineup == l {
			d.lineup, d.noted = nil, false
		}
	}
	clear(l.servers)
	l.servers, l.changed, l.present, l.robbed = l.servers[:0], l.changed[:0], 0, false
}

func (l *lineup) enter(d *Server) {
	if d.lineup != nil {
		d.lineup.robbed = true
	}
	d.lineup, d.place, d.noted = l, int32(len(l.servers)), false
	l.servers = append(l.servers, d)
	l.present++
	d.note()
}

func (l *lineup) leave(d *Server) {
	d.note()
	l.servers[d.place] = nil
	d.lineup, d.noted = nil, false
	l.present--
}

// news are the places to look at since the last heard.
func (l *lineup) news() []int32 {
	if l.robbed {
		l.changed = l.changed[:0]
		for place := range l.servers {
			l.changed = append(l.changed, int32(place))
		}
	}
	return l.changed
}

// heard says that all news have been looked at.
func (l *lineup) heard() {
	for _, place := range l.changed {
		if d := l.servers[place]; d != nil && d.lineup == l {
			d.noted = false
		}
	}
	l.changed = l.changed[:0]
}

// note tells the server's lineup, if it has one, that the server changed.
func (s *Server) note() {
	if s.lineup != nil && !s.noted {
		s.noted = true
		s.lineup.changed = append(s.lineup.changed, s.place)
	}
}
