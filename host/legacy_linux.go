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
// It asks only if the kernel has such tables: the tool would load them.
func legacyIneffective(virtual []Tuple) ([]string, error) {
	var out []string
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
			out = append(out, fmt.Sprintf("%s: not examined: %s is not installed", v.names, v.tool))
			continue
		}
		if err != nil {
			return out, fmt.Errorf("%s: %w", v.tool, err)
		}
		out = append(out, legacyLines(string(saved), v.tool, v.is4, virtual)...)
	}
	return out, nil
}

// legacyLines are the lines of a saved rule set that virtual tuples would meet
// in PREROUTING and INPUT, and that are aimed at one of them.
func legacyLines(saved, tool string, is4 bool, virtual []Tuple) []string {
	var f findings
	tables := readSaved(saved)
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		for _, t := range virtual {
			if t.Addr.Addr().Unmap().Is4() != is4 {
				continue
			}
			for _, hook := range []string{"PREROUTING", "INPUT"} {
				tables[name].walk(hook, t, map[string]bool{}, func(line string) {
					f.add(fmt.Sprintf("%s %s %s", strings.TrimSuffix(tool, "-save"), name, line), t)
				})
			}
		}
	}
	return f.lines()
}

// chains are a table's rules, by chain.
type chains map[string][]savedRule

// walk shows tell the rules aimed at t, and follows jumps.
func (c chains) walk(chain string, t Tuple, seen map[string]bool, tell func(string)) {
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
		if aimed && r.target != "MARK" && r.target != "CONNMARK" && r.target != "" {
			tell(r.line)
		}
		c.walk(r.target, t, seen, tell)
	}
}
