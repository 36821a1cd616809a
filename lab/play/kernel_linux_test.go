// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"debug/elf"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"
)

func TestMain(m *testing.M) {
	if dir := os.Getenv(GuestEnv); dir != "" {
		Guest(dir)
	}
	flag.Parse()
	if parallel := flag.Lookup("test.parallel"); parallel.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = parallel.Value.Set("8") // lessons mostly wait: for counters to settle, for what does not come
	}
	code := m.Run()
	if *examFlag {
		score.print(os.Stdout)
	}
	os.Exit(code)
}

// TestKernel plays every lesson on the kernel's IPVS: what it says is the truth.
func TestKernel(t *testing.T) { onKernel(t, files(t)) }

func onKernel(t *testing.T, files []string) {
	if err := KernelAvailable(); err != nil {
		t.Skip(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Hour)
	defer stop()
	files = inTime(t, "kernel", files)
	err := InKernel(ctx, static(t), files, func(name string, err error) {
		t.Run(filepath.Base(name), func(t *testing.T) { hold(t, "kernel", err) })
	})
	if err != nil {
		t.Fatal(err)
	}
}

// static is this test as a program without libraries: the race detector finds
// no room for itself in user-mode Linux.
func static(t *testing.T) string {
	t.Helper()
	if self, err := os.Executable(); err == nil && isStatic(self) {
		return self
	}
	program := filepath.Join(t.TempDir(), "guest")
	c := exec.Command("go", "test", "-c", "-o", program, ".")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build the guest: %v\n%s", err, out)
	}
	return program
}

// isStatic reports whether a program can run without libraries.
func isStatic(program string) bool {
	f, err := elf.Open(program)
	if err != nil {
		return false
	}
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	return err == nil && len(libraries) == 0
}
