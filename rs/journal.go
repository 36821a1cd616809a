// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// A journal is the name of a file that says what was changed. It is written
// before each change, and exists while something is set up.
type journal string

// journalIn is the journal of the calling thread's network namespace.
func journalIn(dir string) (journal, error) {
	name, err := namespaceName()
	if err != nil {
		return "", fmt.Errorf("name the network namespace: %w", err)
	}
	return journal(filepath.Join(dir, "rs-"+name)), nil
}

// namespaceName is the namespace's cookie, which is never given twice: an inode
// number is, and the journal of a namespace long gone would be undone in
// another. Kernels before 5.14 have no cookies.
func namespaceName() (string, error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	if cookie, err := unix.GetsockoptUint64(fd, unix.SOL_SOCKET, unix.SO_NETNS_COOKIE); err == nil {
		return fmt.Sprintf("c%d", cookie), nil
	}
	var st unix.Stat_t
	err = unix.Stat("/proc/thread-self/ns/net", &st)
	return fmt.Sprintf("i%d", st.Ino), err
}

// lock waits for the right to the journal. The system takes it back from who is
// killed.
func (j journal) lock() (unlock func(), err error) {
	dir := filepath.Dir(string(j))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make a place for the journal: %w: needs root, or a network namespace of your own", err)
	}
	f, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("open the journal's directory: %w", err)
	}
	for {
		if err = unix.Flock(int(f.Fd()), unix.LOCK_EX); err != unix.EINTR {
			break
		}
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock the journal's directory: %w", err)
	}
	return func() { _ = f.Close() }, nil
}

// read is what the journal says; nothing was done if there is none.
func (j journal) read() (*state, error) {
	var s state
	b, err := os.ReadFile(string(j))
	if errors.Is(err, fs.ErrNotExist) {
		return &s, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the journal: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return nil, fmt.Errorf("read the journal %s: %w: undo by hand what it lists, and remove it", j, err)
	}
	for i := range s.Done {
		if _, known := kinds[s.Done[i].Kind]; !known {
			return nil, fmt.Errorf("read the journal %s: a change %q is of no kind I know: use the ulvs that made it", j, s.Done[i].Kind)
		}
	}
	return &s, nil
}

// write makes the journal appear whole, and disappear when nothing is left.
func (j journal) write(s *state) error {
	if len(s.Done) == 0 && len(s.VIPs) == 0 {
		if err := os.Remove(string(j)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove the journal: %w", err)
		}
		return nil
	}
	b, err := json.MarshalIndent(s, "", "\t")
	if err != nil {
		return err
	}
	part := string(j) + ".part"
	if err := os.WriteFile(part, b, 0o600); err != nil {
		return fmt.Errorf("write the journal: %w", err)
	}
	return os.Rename(part, string(j))
}

// Dir is where journals lie: /run/ulvs, or where that cannot be written, as in
// an ordinary user's namespace, a directory of the user's own.
func Dir() string {
	const shared = "/run/ulvs"
	_ = os.Mkdir(shared, 0o755)
	if unix.Access(shared, unix.W_OK) == nil {
		return shared
	}
	if run := os.Getenv("XDG_RUNTIME_DIR"); run != "" && ours(run) {
		return filepath.Join(run, "ulvs")
	}
	own := fmt.Sprintf("/tmp/ulvs-rs-%d", os.Geteuid())
	_ = os.Mkdir(own, 0o700)
	if !ours(own) {
		return shared // where the error will be plain
	}
	return own
}

// ours reports whether a directory is ours alone to write: whoever writes
// journals decides what is undone.
func ours(dir string) bool {
	info, err := os.Lstat(dir)
	if err != nil || !info.IsDir() || info.Mode().Perm()&0o022 != 0 {
		return false
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid()
}
