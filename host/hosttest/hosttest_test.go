// SPDX-License-Identifier: Apache-2.0

package hosttest

import (
	"maps"
	"os"
	"testing"
)

func TestSkipped(t *testing.T) {
	got := skipped("=== RUN   TestA\n    a_test.go:9: no tun\n--- SKIP: TestA (0.00s)\n--- PASS: TestB (1.00s)\n    --- SKIP: TestC/d (0.0s)\n")
	if want := map[string]string{"TestA": "no tun", "TestC/d": "no tun"}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestRootless(t *testing.T) { Rootless(t, "^TestWho$") }

// TestWho is root where Rootless runs it, and nobody outside.
func TestWho(t *testing.T) {
	if !IsAgain() {
		return
	}
	if b, err := os.ReadFile("/proc/self/uid_map"); err != nil || os.Getuid() != 0 || len(b) == 0 || os.WriteFile("/etc/ulvs-test", nil, 0o600) == nil {
		t.Errorf("uid %d, map %s, %v", os.Getuid(), b, err)
	}
}
