// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// The files of a lab's directory. Beside them lies a socket for each host. The
// programs of the lab are not here but in a tmpfs of its own: /run is often
// mounted noexec.
const (
	busyFile   = "busy"     // locked (flock) by who builds a lab or takes it down
	keeperFile = "keeper"   // which process the keeper is
	stateFile  = "lab.json" // the plan of the lab that is up
	logFile    = "log"      // what the keeper and the agents had to say
)

// rootDir is the directory of root's lab.
const rootDir = "/run/ulvs/lab"

// Dir is the directory of this user's lab: ULVS_LAB_DIR, or /run/ulvs/lab for
// root, or a place of the user's own.
func Dir() string {
	if dir := os.Getenv("ULVS_LAB_DIR"); dir != "" {
		if abs, err := filepath.Abs(dir); err == nil {
			return abs
		}
		return dir
	}
	uid := os.Geteuid()
	if uid == 0 {
		return rootDir
	}
	if run := os.Getenv("XDG_RUNTIME_DIR"); run != "" && ours(run) == nil {
		return filepath.Join(run, "ulvs-lab")
	}
	return "/tmp/ulvs-lab-" + strconv.Itoa(uid)
}

// ours reports why a directory is not ours alone to write.
func ours(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return fmt.Errorf("%s is no directory: remove it, or set ULVS_LAB_DIR", dir)
	case !ok || int(st.Uid) != os.Geteuid():
		return fmt.Errorf("%s belongs to somebody else: set ULVS_LAB_DIR to a directory of your own", dir)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("%s is open to others (mode %o): chmod 700 it, or set ULVS_LAB_DIR", dir, info.Mode().Perm())
	}
	return nil
}

// A claim is the right to build or remove a lab in a directory. Whoever holds
// its file, the keeper among them until it is ready, keeps others out.
type claim struct {
	dir  string
	file *os.File
}

// claimDir makes the directory if need be, and waits for the right to it.
func claimDir(dir string) (*claim, error) {
	for {
		f, err := openClaim(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed a moment ago by whoever had it
		}
		if err != nil {
			return nil, fmt.Errorf("claim the lab's directory: %w", err)
		}
		if err := flock(f); err != nil {
			f.Close()
			return nil, fmt.Errorf("claim the lab's directory %s: %w", dir, err)
		}
		if current(f) {
			return &claim{dir, f}, nil
		}
		f.Close()
	}
}

// openClaim makes the directory if need be, and opens its claim.
func openClaim(dir string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return nil, err
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	if err := ours(dir); err != nil {
		return nil, err
	}
	return os.OpenFile(filepath.Join(dir, busyFile), os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
}

func flock(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// current reports whether an open file is still the one of its name.
func current(f *os.File) bool {
	open, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(open, named)
}

// release lets others have the directory.
func (c *claim) release() { _ = c.file.Close() }

// remove deletes the directory and all in it. As soon as its claim has lost its
// name, another may make a new one; then the directory is already his.
func (c *claim) remove() error {
	defer c.release()
	if err := c.empty(); err != nil {
		return err
	}
	if err := os.Remove(c.file.Name()); err != nil {
		return fmt.Errorf("remove the lab's directory: %w", err)
	}
	err := os.Remove(c.dir)
	if err != nil && !errors.Is(err, unix.ENOTEMPTY) && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove the lab's directory: %w", err)
	}
	if c.dir == rootDir {
		_ = os.Remove(filepath.Dir(rootDir)) // ours too, unless something else is in it
	}
	return nil
}

// empty deletes what a lab left in the directory.
func (c *claim) empty() error {
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return fmt.Errorf("empty the lab's directory: %w", err)
	}
	for _, e := range entries {
		if e.Name() == busyFile {
			continue
		}
		if err := os.RemoveAll(filepath.Join(c.dir, e.Name())); err != nil {
			return fmt.Errorf("empty the lab's directory: %w", err)
		}
	}
	return nil
}

// writeState notes which lab is up.
func (c *claim) writeState(p Plan) error {
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(c.dir, stateFile), b, 0o600)
}
