// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(GuestEnv); dir != "" {
		Guest(dir)
	}
	os.Exit(m.Run())
}

// TestKernel plays every lesson on the kernel's IPVS: what it says is the truth.
func TestKernel(t *testing.T) {
	if err := KernelAvailable(); err != nil {
		t.Skip(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	err := InKernel(ctx, static(t), files(t), func(name string, err error) {
		t.Run(filepath.Base(name), func(t *testing.T) { outcome(t, err) })
	})
	if err != nil {
		t.Fatal(err)
	}
}

// static is this test as a program without libraries: the race detector finds
// no room for itself in user-mode Linux.
func static(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "guest")
	c := exec.Command("go", "test", "-c", "-o", program, ".")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build the guest: %v\n%s", err, out)
	}
	return program
}
