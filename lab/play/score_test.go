// SPDX-License-Identifier: Apache-2.0

package play

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"
)

var examFlag = flag.Bool("exam", false, "wait as long as lessons want, and print a table at the end: make exam")

// short is what a lesson may wait where time is real, unless it is the exam.
const short = 10 * time.Second

// inTime are the lessons that a player of real time plays now.
func inTime(t *testing.T, player string, files []string) (now []string) {
	for _, file := range files {
		l, err := ReadFile(file)
		if err == nil && l.MemoryOnly == "" && l.Waits() > short && !*examFlag && *lessonFlag == "" {
			t.Run(filepath.Base(file), func(t *testing.T) { t.Skipf("waits %v: make exam plays it", l.Waits()) })
			continue
		}
		now = append(now, file)
	}
	return now
}

// scores are what an exam counts. All tests share them.
type scores struct {
	mu              sync.Mutex
	lessons         map[string]int // by player
	scripts, events int
	differences     int
	skipped         []string
}

var score = scores{lessons: map[string]int{}}

func (s *scores) note(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

func (s *scores) played(player string) { s.note(func() { s.lessons[player]++ }) }
func (s *scores) differ()              { s.note(func() { s.differences++ }) }
func (s *scores) script(events int)    { s.note(func() { s.scripts++; s.events += events }) }

func (s *scores) skip(what, why string) {
	s.note(func() { s.skipped = append(s.skipped, what+": "+why) })
}

// print prints the table that an exam ends with.
func (s *scores) print(w io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintln(w, "\nThe exam, ulvs beside the kernel's IPVS:")
	for _, player := range slices.Sorted(maps.Keys(s.lessons)) {
		fmt.Fprintf(w, "%7d lessons played: %s\n", s.lessons[player], player)
	}
	fmt.Fprintf(w, "%7d scripts made up and played on both\n", s.scripts)
	fmt.Fprintf(w, "%7d events in them\n", s.events)
	fmt.Fprintf(w, "%7d differences\n", s.differences)
	fmt.Fprintf(w, "%7d skipped\n", len(s.skipped))
	for _, why := range s.skipped {
		fmt.Fprintf(w, "        %s\n", why)
	}
}
