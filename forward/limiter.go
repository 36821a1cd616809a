// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"time"

	"github.com/ulvs/ulvs/packet"
)

const (
	errorEvery = time.Second // net.ipv4.icmp_ratelimit, the default
	errorBurst = 6           // errors that a silent peer has saved up
)

// A limiter bounds the ICMP errors that one peer is sent, as the kernel does:
// one a second, and six at once after a pause (inet_peer_xrlim_allow). Peers
// that share a slot share its allowance.
type limiter struct {
	seed  uint64 // so that nobody can choose whose slot he shares
	slots [1024]struct {
		saved time.Duration
		last  time.Duration
		used  bool
	}
}

// allow reports whether another error may go to a peer, and counts it.
func (l *limiter) allow(a *packet.Addr, now time.Duration) bool {
	e := packet.Endpoint{Addr: *a}
	s := &l.slots[e.Hash(0, l.seed)%uint64(len(l.slots))]
	if !s.used {
		s.used, s.saved = true, errorBurst*errorEvery
	} else {
		s.saved = min(s.saved+now-s.last, errorBurst*errorEvery)
	}
	s.last = now
	if s.saved < errorEvery {
		return false
	}
	s.saved -= errorEvery
	return true
}
