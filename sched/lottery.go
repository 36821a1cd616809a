// SPDX-License-Identifier: Apache-2.0

package sched

import "math/rand/v2"

// A lottery draws servers by chance, each in proportion to its weight, if it
// can take a connection: it has one ticket for each unit of weight.
type lottery struct {
	weights weights
	rand    *rand.Rand
}

// Update implements Scheduler.
func (l *lottery) Update(servers []*Server, change Change) { l.weights.follow(servers, change) }

// draw is the server whose ticket is drawn, nil if there is none.
func (l *lottery) draw() *Server {
	tickets := l.weights.all().tickets
	if tickets == 0 {
		return nil
	}
	return l.weights.holder(l.rand.IntN(tickets))
}
