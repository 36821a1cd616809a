// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// A journal is the name of a file that lists features to be turned on again, a
// device and a feature a line. It exists while they are off.
type journal string

// journalIn is the journal of the calling thread's network namespace.
func journalIn(dir string) (journal, error) {
	var ns unix.Stat_t
	if err := unix.Stat("/proc/thread-self/ns/net", &ns); err != nil {
		return "", fmt.Errorf("name the network namespace: %w", err)
	}
	return journal(filepath.Join(dir, fmt.Sprintf("offloads-%d", ns.Ino))), nil
}

// write makes the journal appear whole.
func (j journal) write(list []feature) error {
	var b strings.Builder
	for _, f := range list {
		fmt.Fprintln(&b, f.Device, f.Name)
	}
	if err := os.MkdirAll(filepath.Dir(string(j)), 0o755); err != nil {
		return err
	}
	part := string(j) + ".part"
	if err := os.WriteFile(part, []byte(b.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(part, string(j))
}

func (j journal) read() (list []feature, err error) {
	f, err := os.Open(string(j))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if device, name, ok := strings.Cut(lines.Text(), " "); ok {
			list = append(list, feature{device, name})
		}
	}
	return list, lines.Err()
}

// undo turns on what the journal lists, and removes it.
func (j journal) undo() error {
	list, err := j.read()
	if err != nil || len(list) == 0 {
		return err
	}
	if err := change(list, true); err != nil {
		return err
	}
	return os.Remove(string(j))
}
