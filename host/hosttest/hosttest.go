// SPDX-License-Identifier: Apache-2.0

// Package hosttest is what tests need that change a host: namespaces to do it
// in, with privilege and without.
package hosttest

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// again is set for a test program that Rootless has started.
const again = "ULVS_TEST_ROOTLESS"

// IsAgain reports whether this is the run of an ordinary user, which Rootless
// started.
func IsAgain() bool { return os.Getenv(again) != "" }

// Rootless runs the tests of this program that the pattern names once more, as
// root of a user namespace who is an ordinary user outside (of root's tests: uid
// 65534), in a network namespace of its own. What is skipped there is skipped
// here, by name and with its reason.
func Rootless(t *testing.T, pattern string, env ...string) {
	t.Helper()
	if IsAgain() {
		return
	}
	uid := os.Getuid()
	if uid == 0 {
		uid = 65534
	}
	// By its file in /proc: the directory go test built it in is root's alone.
	c := exec.Command("/proc/self/exe", "-test.run="+pattern, "-test.count=1", "-test.v")
	c.Env = append(append(os.Environ(), again+"=1"), env...)
	c.Dir = "/"
	if os.Getuid() == 0 {
		c.Dir, _ = os.Getwd() // who made the namespace may enter it, whatever stands above
	}
	ids := []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}}
	c.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET, UidMappings: ids, GidMappings: ids,
		Credential: &syscall.Credential{NoSetGroups: true},
	}
	out, err := c.CombinedOutput()
	if failed := new(exec.ExitError); err != nil && !errors.As(err, &failed) {
		t.Skipf("%s: new user namespace: %v", t.Name(), err)
	}
	if err != nil {
		t.Errorf("as uid %d: %v\n%s", uid, err, out)
	}
	for name, why := range skipped(string(out)) {
		t.Run(name, func(t *testing.T) { t.Skip(why) })
	}
	t.Logf("%s", out)
}

var (
	logged = regexp.MustCompile(`^\s+\S+\.go:\d+: (.*)`)
	skip   = regexp.MustCompile(`^\s*--- SKIP: (\S+)`)
)

// skipped finds in the output of go test -v who was skipped, and the last thing
// that was said before.
func skipped(out string) map[string]string {
	found, said := map[string]string{}, ""
	for line := range strings.Lines(out) {
		if m := skip.FindStringSubmatch(line); m != nil {
			found[m[1]] = said
		} else if m := logged.FindStringSubmatch(line); m != nil {
			said = m[1]
		}
	}
	return found
}
