// SPDX-License-Identifier: Apache-2.0

package play

import (
	"path/filepath"
	"testing"
)

// TestMemory plays every lesson on the engine, in virtual time.
func TestMemory(t *testing.T) { inMemory(t, files(t)) }

func inMemory(t *testing.T, files []string) {
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			l, err := ReadFile(file)
			if err == nil {
				err = Memory(t.Context(), l)
			}
			hold(t, "memory", err)
		})
	}
}
