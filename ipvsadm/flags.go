// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"strings"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/sched"
)

// A schedFlag is a word for -b.
type schedFlag struct {
	name  string
	owner string // the scheduler that has the word; "": any
	bit   sched.Flags
}

// schedFlags are the words for -b. Of two words for a bit the first that a
// scheduler has is the one that is shown.
var schedFlags = []schedFlag{
	{"sh-fallback", "sh", sched.Flag1},
	{"mh-fallback", "mh", sched.Flag1},
	{"flag-1", "", sched.Flag1},
	{"sh-port", "sh", sched.Flag2},
	{"mh-port", "mh", sched.Flag2},
	{"flag-2", "", sched.Flag2},
	{"flag-3", "", sched.Flag3},
}

// checkFlags comes after the whole line was read, for -b may precede -s.
func (p *parser) checkFlags() error {
	for word := range strings.SplitSeq(p.flags, ",") {
		f := findFlag(word)
		switch {
		case word == "":
		case f == nil:
			return usage("invalid scheduler flag `%s'", word)
		case f.owner != "" && f.owner != p.scheduler:
			return usage("incompatible scheduler flag `%s'", word)
		}
	}
	return nil
}

// findFlag finds a word for -b; nil: there is none.
func findFlag(word string) *schedFlag {
	for i := range schedFlags {
		if schedFlags[i].name == word {
			return &schedFlags[i]
		}
	}
	return nil
}

// flagsOf are the bits of words that checkFlags has seen.
func flagsOf(words string) (bits uint8) {
	for word := range strings.SplitSeq(words, ",") {
		if f := findFlag(word); f != nil {
			bits |= uint8(f.bit)
		}
	}
	return bits
}

// flagWords are the service's flags as -b takes them.
func flagWords(s ulvs.Service) string {
	var words []string
	left := sched.Flags(s.Flags)
	for _, f := range schedFlags {
		if left&f.bit != 0 && (f.owner == "" || f.owner == s.Scheduler) {
			words = append(words, f.name)
			left &^= f.bit
		}
	}
	return strings.Join(words, ",")
}
