// SPDX-License-Identifier: Apache-2.0

package play

import (
	"errors"
	"path/filepath"
	"testing"
)

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
	t.Helper()
	if errors.Is(err, ErrMemoryOnly) {
		t.Skip(err)
	}
	if err != nil {
		t.Error(err)
	}
}
