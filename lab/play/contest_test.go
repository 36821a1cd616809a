// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What `make exam` sets; without it a few short scripts are played.
var (
	scriptsFlag = flag.Int("scripts", 20, "`how many` scripts to make up")
	eventsFlag  = flag.Int("events", 60, "… of how many events each")
	seedFlag    = flag.Uint64("seed", 1, "… the seed of the first")
	waitsFlag   = flag.Bool("waits", false, "… and let them wait for minutes")
	keepFlag    = flag.String("keep", os.TempDir(), "`folder` for lessons of what differs")
)

// TestContest makes scripts up and plays them on the kernel's IPVS and on ulvs.
func TestContest(t *testing.T) {
	if err := KernelAvailable(); err != nil {
		t.Skip(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Hour)
	defer stop()
	c := Contest{First: *seedFlag, Scripts: *scriptsFlag, Events: *eventsFlag, Waits: *waitsFlag}
	began, events := time.Now(), 0
	err := c.Hold(ctx, static(t), func(e Exam) {
		events += e.Events
		t.Logf("%s: %d events, %v", e.Name, e.Events, e.Took)
		if e.Error != "" {
			t.Errorf("%s: %s", e.Name, e.Error)
		}
		if e.Differ != "" {
			file := filepath.Join(*keepFlag, "generated-"+e.Name+".txt")
			t.Errorf("%s: %s\nshrunk to %d events, kept as %s:\n%s\n%v", e.Name, e.Differ, e.Kept, file, e.Lesson, os.WriteFile(file, []byte(e.Lesson), 0o644))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d scripts, %d events, %v", c.Scripts, events, time.Since(began))
}
