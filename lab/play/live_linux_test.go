// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestLive plays every lesson on a live `ulvs run`.
func TestLive(t *testing.T) { onLive(t, files(t)) }

func onLive(t *testing.T, files []string) {
	if os.Getuid() != 0 {
		t.Skip("needs root, for network namespaces")
	}
	program := director(t)
	for _, file := range inTime(t, "live", files) {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			l, err := ReadFile(file)
			if err == nil {
				ctx, stop := context.WithTimeout(t.Context(), slack+l.Waits())
				defer stop()
				err = Live(ctx, program, l)
			}
			hold(t, "live", err)
		})
	}
}

// director is the program ulvs.
func director(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "ulvs")
	c := exec.Command("go", "build", "-buildvcs=false", "-o", program, "../../cmd/ulvs")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build ulvs: %v\n%s", err, out)
	}
	return program
}
