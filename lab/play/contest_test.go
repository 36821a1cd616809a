// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What make exam sets; without it a few short scripts are played.
var (
	scriptsFlag = flag.Int("scripts", 20, "`how many` scripts to make up")
	eventsFlag  = flag.Int("events", 60, "… of how many events each")
	waitersFlag = flag.Int("waiters", 0, "… and `how many` more that let minutes go by")
	samplesFlag = flag.Int("samples", 4, "… of which so many are played on a live director too")
	seedFlag    = flag.Uint64("seed", 101, "… the seed of the first")
	keepFlag    = flag.String("keep", "", "`folder` for lessons of what differs; none: a temporary one")
)

// TestContest makes scripts up and plays them on the kernel's IPVS and on ulvs.
func TestContest(t *testing.T) {
	if err := KernelAvailable(); err != nil {
		t.Skip(err)
	}
	_, without, err := probe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range without {
		score.skip("scripts without", line+", which ulvs cannot do")
	}
	for _, what := range omissions {
		score.skip("scripts without", what)
	}
	guest := static(t)
	contest := func(name string, c Contest) (samples []Exam) {
		t.Run(name, func(t *testing.T) { samples = compete(t, guest, c) })
		return samples
	}
	if *waitersFlag > 0 {
		contest("Waits", Contest{First: *seedFlag, Scripts: *waitersFlag, Events: *eventsFlag, Waits: true})
	}
	samples := contest("Scripts", Contest{First: *seedFlag, Scripts: *scriptsFlag, Events: *eventsFlag, Samples: *samplesFlag})
	t.Run("Live", func(t *testing.T) { again(t, samples) })
}

// compete holds a contest, and returns what it told as samples.
func compete(t *testing.T, guest string, c Contest) (samples []Exam) {
	ctx, stop := context.WithTimeout(t.Context(), 3*time.Hour)
	defer stop()
	err := c.Hold(ctx, guest, func(e Exam) {
		score.script(e.Events)
		t.Logf("%s: %d events, %v", e.Name, e.Events, e.Took)
		switch {
		case e.Error != "":
			score.differ()
			t.Errorf("%s: %s", e.Name, e.Error)
		case e.Differ != "":
			score.differ()
			t.Errorf("%s: %s\nshrunk to %d events, kept as %s:\n%s", e.Name, e.Differ, e.Kept, keep(t, e), e.Lesson)
		case e.Lesson != "":
			samples = append(samples, e)
		}
	})
	if err != nil {
		t.Error(err)
	}
	return samples
}

// keep writes the lesson of a difference to a file.
func keep(t *testing.T, e Exam) string {
	dir := *keepFlag
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "ulvs-exam-"); err != nil {
			t.Error(err)
		}
	}
	file := filepath.Join(dir, "generated-"+e.Name+".txt")
	if err := os.WriteFile(file, []byte(e.Lesson), 0o644); err != nil {
		t.Error(err)
	}
	return file
}

// again plays what scripts came to as lessons, on a live director.
func again(t *testing.T, samples []Exam) {
	if os.Getuid() != 0 {
		t.Skip("needs root, for network namespaces")
	}
	program := director(t)
	for _, e := range samples {
		t.Run(e.Name, func(t *testing.T) {
			l, err := Read(e.Name, strings.NewReader(e.Lesson))
			if err == nil {
				if slow := Memory(t.Context(), l); slow != nil {
					t.Skipf("it took so long on the kernel that timers ran out, and a lesson does not say when: %v", slow)
				}
				err = Live(t.Context(), program, l)
			}
			if err != nil {
				t.Log("kept as ", keep(t, e))
			}
			hold(t, "live, made up", err)
		})
	}
}
