// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
)

func TestDirOfOthersIsRefused(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lab")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := claimDir(dir); err == nil || !strings.Contains(err.Error(), "chmod 700") {
		t.Errorf("a directory open to all gives %v", err)
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Fatal(err)
	}
	if _, err := claimDir(link); err == nil || !strings.Contains(err.Error(), "no directory") {
		t.Errorf("a link gives %v", err)
	}
}

// Whoever removes the directory, and whoever makes it anew, meet one at a time.
func TestClaimIsExclusive(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lab")
	var inside, most int
	var mu sync.Mutex
	count := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		inside += n
		most = max(most, inside)
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 50 {
				c, err := claimDir(dir)
				if err != nil {
					t.Error(err)
					return
				}
				count(1)
				runtime.Gosched()
				count(-1)
				if i%2 == 0 {
					c.release()
				} else if err := c.remove(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if most != 1 {
		t.Errorf("%d had the claim at once", most)
	}
}

func TestNothingUp(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "lab")
	if _, err := Open(dir); !errors.Is(err, ErrNone) {
		t.Errorf("opening no lab gives %v", err)
	}
	if _, found, err := Down(dir); found || err != nil {
		t.Errorf("taking down no lab gives %v, %v", found, err)
	}
	c, err := claimDir(dir) // what a killed lab up leaves
	if err != nil {
		t.Fatal(err)
	}
	c.release()
	if _, found, err := Down(dir); !found || err != nil {
		t.Errorf("taking down what is left gives %v, %v", found, err)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is still there: %v", err)
	}
}

func TestMessagesCarryFiles(t *testing.T) {
	ours, theirs, err := newPair()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	fd, err := syscall.Dup(int(theirs.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	other, err := inherited(fd)
	if err != nil {
		t.Fatal(err)
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := ours.send(note{Signal: syscall.SIGUSR1}, w); err != nil {
		t.Fatal(err)
	}
	w.Close()
	var n note
	files, err := other.recv(&n)
	if err != nil || n.Signal != syscall.SIGUSR1 || len(files) != 1 {
		t.Fatalf("received %v with %d files: %v", n, len(files), err)
	}
	if _, err := files[0].WriteString("through"); err != nil {
		t.Fatal(err)
	}
	closeAll(files)
	if b, err := io.ReadAll(r); string(b) != "through" {
		t.Errorf("the file carried %q: %v", b, err)
	}
	if err := ours.send(request{Args: []string{strings.Repeat("x", maxMessage)}}); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("a message beyond the limit gives %v", err)
	}
	other.Close()
	if _, err := ours.recv(&n); !errors.Is(err, io.EOF) {
		t.Errorf("the other end is closed, and recv gives %v", err)
	}
}

func TestRefusalsAreTold(t *testing.T) {
	for err, want := range map[error]bool{
		syscall.EPERM: true,
		errors.New("keeper: mount: permission denied"):    true,
		errors.New("clone: no space left on device"):      true,
		errors.New("ipvsadm: No such service"):            false,
		errors.New("start \"ulvs run\": it ended (exit)"): false,
	} {
		if got := refusal(err); got != want {
			t.Errorf("refusal(%v) = %v", err, got)
		}
	}
}
