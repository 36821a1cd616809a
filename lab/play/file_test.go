// SPDX-License-Identifier: Apache-2.0

package play

import (
	"flag"
	"path/filepath"
	"testing"
)

// For authors of lessons; see the package comment.
var (
	lessonFlag = flag.String("lesson", "", "play the lessons in these `files` (a pattern; an absolute path), with -run TestFile")
	playerFlag = flag.String("player", "memory", "… on this player: memory, live or kernel")
)

// TestFile plays the lessons that -lesson names on the player that -player names.
func TestFile(t *testing.T) {
	if *lessonFlag == "" {
		t.Skip("plays what -lesson FILE names")
	}
	found, err := filepath.Glob(*lessonFlag)
	if err != nil || len(found) == 0 {
		t.Fatalf("-lesson %s: no such file: %v", *lessonFlag, err)
	}
	players := map[string]func(*testing.T, []string){"memory": inMemory, "live": onLive, "kernel": onKernel}
	play := players[*playerFlag]
	if play == nil {
		t.Fatalf("-player %s: there are memory, live and kernel", *playerFlag)
	}
	play(t, found)
}
