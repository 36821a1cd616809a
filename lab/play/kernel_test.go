// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"errors"
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

// files are the lessons.
func files(t *testing.T) []string {
	t.Helper()
	all, err := filepath.Glob("../lessons/*.txt")
	if err != nil || len(all) == 0 {
		t.Fatalf("no lessons: %v", err)
	}
	return all
}

// outcome tells a test how a lesson went.
func outcome(t *testing.T, err error) {
	if errors.Is(err, ErrMemoryOnly) {
		t.Skip(err)
	}
	if err != nil {
		t.Error(err)
	}
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
