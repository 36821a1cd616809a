// SPDX-License-Identifier: Apache-2.0

package host

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// softGRO is a feature that veth has and that can be turned off, in place of
// those that only hardware has.
var softGRO = []string{"rx-gro"}

// watcher runs Watchdog in this test binary.
func watcher(j journal) (*exec.Cmd, error) {
	c := exec.Command("/proc/self/exe", "-test.run=^TestHelperWatchdog$")
	c.Env = append(os.Environ(), "ULVS_HOST_JOURNAL="+string(j))
	c.Stdout = os.Stdout // open until the watcher ends
	return c, nil
}

func TestHelperWatchdog(t *testing.T) {
	if j := os.Getenv("ULVS_HOST_JOURNAL"); j != "" {
		must(t, Watchdog([]string{j}))
	}
}

func gro(t *testing.T, device string) bool {
	t.Helper()
	on, err := active([]string{device}, softGRO)
	must(t, err)
	return len(on) == 1
}

// groOn makes a device whose GRO is on.
func groOn(t *testing.T) {
	t.Helper()
	veth(t, "d0", "c0")
	must(t, change([]feature{{"d0", "rx-gro"}}, true))
	if !gro(t, "d0") {
		t.Skipf("%s: veth has no GRO to turn off here", t.Name())
	}
}

func TestOffloadsComeBack(t *testing.T) {
	namespace(t)
	groOn(t)
	dir := t.TempDir()
	o, err := turnOff([]string{"d0", "c0", "none"}, softGRO, dir, watcher)
	must(t, err)
	if gro(t, "d0") {
		t.Error("still on")
	}
	must(t, o.Close())
	if !gro(t, "d0") {
		t.Error("still off after Close")
	}
	if left := files(t, dir); left != 0 {
		t.Errorf("%d files are left", left)
	}
	must(t, o.Close()) // does nothing
}

func TestOffloadsThatAreOffStayOff(t *testing.T) {
	namespace(t)
	veth(t, "d0", "c0")
	must(t, change([]feature{{"d0", "rx-gro"}}, false))
	dir := filepath.Join(t.TempDir(), "run")
	o, err := turnOff([]string{"d0"}, softGRO, dir, nil) // no watcher is asked for
	must(t, err)
	must(t, o.Close())
	if gro(t, "d0") {
		t.Error("on after Close")
	}
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the journal's folder: %v", err)
	}
	o, err = TurnOff([]string{"d0"}, dir) // a veth has nothing that glues
	must(t, err)
	if o.watcher != nil {
		t.Error("a watcher for nothing")
	}
}

// TestOffloadsOutliveKill kills a process that has turned GRO off.
func TestOffloadsOutliveKill(t *testing.T) {
	if dir := os.Getenv("ULVS_HOST_OFFLOADS"); dir != "" {
		_, err := turnOff([]string{"d0"}, softGRO, dir, watcher)
		must(t, err)
		fmt.Println("ready")
		select {}
	}
	namespace(t)
	groOn(t)
	c := exec.Command("/proc/self/exe", "-test.run=^TestOffloadsOutliveKill$")
	c.Env = append(os.Environ(), "ULVS_HOST_OFFLOADS="+t.TempDir())
	out, err := c.StdoutPipe()
	must(t, err)
	must(t, c.Start())
	r := bufio.NewReader(out)
	if line, err := r.ReadString('\n'); line != "ready\n" {
		t.Fatalf("the victim says %q, %v", line, err)
	}
	if gro(t, "d0") {
		t.Error("still on")
	}
	must(t, c.Process.Kill())
	_, _ = io.Copy(io.Discard, r) // until victim and watcher have ended
	_ = c.Wait()
	if !gro(t, "d0") {
		t.Error("still off after kill -9")
	}
}

func TestOffloadsComeBackFromTheJournal(t *testing.T) {
	namespace(t)
	groOn(t)
	dir := t.TempDir()
	j, err := journalIn(dir)
	must(t, err)
	must(t, j.write([]feature{{"d0", "rx-gro"}, {"gone", "rx-lro"}, {"c0", "no-such"}}))
	must(t, change([]feature{{"d0", "rx-gro"}}, false))
	o, err := turnOff([]string{"c0"}, nil, dir, nil)
	must(t, err)
	must(t, o.Close())
	if !gro(t, "d0") || files(t, dir) != 0 {
		t.Error("still off, or the journal stayed")
	}
}

func files(t *testing.T, dir string) int {
	t.Helper()
	list, err := os.ReadDir(dir)
	must(t, err)
	return len(list)
}
