// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// legacyIneffective reads iptables-legacy's rules as its own tool saves them.
func legacyIneffective(virtual []Tuple) ([]string, error) {
	var f findings
	silent, err := walkLegacy(virtual, f.ineffective)
	return append(silent, f.lines()...), err
}

// ineffective adds a rule that is aimed at t and does more than to mark.
func (f *findings) ineffective(where string, _ origin, t Tuple, r *savedRule, aimed bool) {
	if aimed && r.target != "MARK" && r.target != "CONNMARK" && r.target != "" {
		f.add(where, t)
	}
}

// A legacyNote is told of a rule of iptables-legacy that a packet to t may meet.
type legacyNote func(where string, from origin, t Tuple, r *savedRule, aimed bool)

// An origin is where a packet enters a rule set of iptables.
type origin struct{ table, hook string }

// walkLegacy sends a packet to each tuple through the rules of iptables-legacy,
// and says what could not be examined. It asks only if the kernel has such
// tables: the tool would load them.
func walkLegacy(to []Tuple, note legacyNote) (silent []string, err error) {
	for _, v := range []struct {
		names, tool string
		is4         bool
	}{
		{"ip_tables_names", "iptables-legacy-save", true},
		{"ip6_tables_names", "ip6tables-legacy-save", false},
	} {
		// The thread's own /proc/net: that of the process may be another namespace's.
		names, err := os.ReadFile("/proc/thread-self/net/" + v.names)
		if err != nil || len(names) == 0 {
			continue
		}
		saved, err := exec.Command(v.tool).Output()
		if errors.Is(err, exec.ErrNotFound) {
			silent = append(silent, fmt.Sprintf("%s: not examined: %s is not installed", v.names, v.tool))
			continue
		}
		if err != nil {
			return silent, fmt.Errorf("%s: %w", v.tool, err)
		}
		walkSaved(string(saved), v.tool, v.is4, to, note)
	}
	return silent, nil
}

// walkSaved sends a packet to each tuple of one family through the rule set that
// a tool saved.
func walkSaved(saved, tool string, is4 bool, to []Tuple, note legacyNote) {
	tables := readSaved(saved)
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		for _, t := range to {
			if t.Addr.Addr().Unmap().Is4() != is4 {
				continue
			}
			for _, hook := range []string{"PREROUTING", "INPUT"} {
				tables[name].walk(hook, t, map[string]bool{}, func(r *savedRule, aimed bool) {
					where := fmt.Sprintf("%s %s %s", strings.TrimSuffix(tool, "-save"), name, r.line)
					note(where, origin{name, hook}, t, r, aimed)
				})
			}
		}
	}
}

// chains are a table's rules, by chain.
type chains map[string][]savedRule

// walk shows tell the rules that t may meet, and whether they are aimed at it,
// and follows jumps.
func (c chains) walk(chain string, t Tuple, seen map[string]bool, tell func(r *savedRule, aimed bool)) {
	if seen[chain] {
		return
	}
	seen[chain] = true
	for i := range c[chain] {
		r := &c[chain][i]
		met, aimed := r.meets(t)
		if !met {
			continue
		}
		tell(r, aimed)
		c.walk(r.target, t, seen, tell)
	}
}
