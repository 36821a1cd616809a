// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ulvs/ulvs"
)

// sysctls are the kernel's net.ipv4.vs that mean something here.
type sysctls struct {
	amDroprate              int
	amemthresh              int
	cacheBypass             int
	connReuseMode           int
	dropEntry               int
	dropPacket              int
	expireNodestConn        int
	expireQuiescentTemplate int
	lblcExpiration          int
	lblcrExpiration         int
	natICMPSend             int
	pmtuDisc                int
	runEstimation           int
	scheduleICMP            int
	secureTCP               int
	sloppySCTP              int
	sloppyTCP               int
}

// defaultSysctls are those of a kernel that nobody has touched.
func defaultSysctls() sysctls {
	const day = int(24 * time.Hour / time.Second)
	return sysctls{amDroprate: 10, amemthresh: 1024, connReuseMode: 1, pmtuDisc: 1, runEstimation: 1, lblcExpiration: day, lblcrExpiration: day}
}

// A knob is one of them: its name, what the kernel lets it be, and where it is.
type knob struct {
	name     string
	min, max int
	of       func(*sysctls) *int
}

const (
	anyInt  = math.MaxInt32
	seconds = math.MaxInt32 / 100 // held in the kernel's ticks, of which a second had 100
)

// knobs are all of them, by name. Linux 6.1 takes the same values, but that of
// "1 2" it takes the 1.
var knobs = []knob{
	{"am_droprate", -anyInt - 1, anyInt, func(s *sysctls) *int { return &s.amDroprate }},
	{"amemthresh", -anyInt - 1, anyInt, func(s *sysctls) *int { return &s.amemthresh }},
	{"cache_bypass", -anyInt - 1, anyInt, func(s *sysctls) *int { return &s.cacheBypass }},
	{"conn_reuse_mode", -anyInt - 1, anyInt, func(s *sysctls) *int { return &s.connReuseMode }},
	{"drop_entry", 0, 3, func(s *sysctls) *int { return &s.dropEntry }},
	{"drop_packet", 0, 3, func(s *sysctls) *int { return &s.dropPacket }},
	{"expire_nodest_conn", -anyInt - 1, anyInt, func(s *sysctls) *int { return &s.expireNodestConn }},
	{"expire_quiescent_template", -anyInt - 1, anyInt, func(s *sysctls) *int { return &s.expireQuiescentTemplate }},
	{"lblc_expiration", -seconds, seconds, func(s *sysctls) *int { return &s.lblcExpiration }},
	{"lblcr_expiration", -seconds, seconds, func(s *sysctls) *int { return &s.lblcrExpiration }},
	{"nat_icmp_send", -anyInt - 1, anyInt, func(s *sysctls) *int { return &s.natICMPSend }},
	{"pmtu_disc", -anyInt - 1, anyInt, func(s *sysctls) *int { return &s.pmtuDisc }},
	{"run_estimation", -anyInt - 1, anyInt, func(s *sysctls) *int { return &s.runEstimation }},
	{"schedule_icmp", -anyInt - 1, anyInt, func(s *sysctls) *int { return &s.scheduleICMP }},
	{"secure_tcp", 0, 3, func(s *sysctls) *int { return &s.secureTCP }},
	{"sloppy_sctp", -anyInt - 1, anyInt, func(s *sysctls) *int { return &s.sloppySCTP }},
	{"sloppy_tcp", -anyInt - 1, anyInt, func(s *sysctls) *int { return &s.sloppyTCP }},
}

// Sysctls are all there are, by name.
func (e *Engine) Sysctls(context.Context) ([]ulvs.Sysctl, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	now := e.book.sysctls
	e.ask(func() {
		l := e.w.defence.now
		now.dropEntry, now.dropPacket, now.secureTCP = l.dropEntry, l.dropPacket, l.secureTCP
	})
	var all []ulvs.Sysctl
	for _, k := range knobs {
		all = append(all, ulvs.Sysctl{Name: k.name, Value: strconv.Itoa(*k.of(&now))})
	}
	return all, nil
}

// setSysctl changes one of them, from the next batch on.
func (e *Engine) setSysctl(want ulvs.Sysctl) error {
	at := slices.IndexFunc(knobs, func(k knob) bool { return k.name == want.Name })
	if at < 0 {
		return fmt.Errorf("%s: %w", want.Name, ulvs.ErrNoSysctl)
	}
	k := knobs[at]
	n, err := strconv.Atoi(strings.TrimSpace(want.Value))
	if err != nil || n < k.min || n > k.max {
		return fmt.Errorf("%s = %q: want a number from %d to %d: %w", k.name, want.Value, k.min, k.max, ulvs.ErrInvalid)
	}
	*k.of(&e.book.sysctls) = n
	return nil
}
