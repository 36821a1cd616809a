// SPDX-License-Identifier: Apache-2.0

package afpacket_test

import (
	"os"
	"os/exec"
	"syscall"
	"testing"
)

const rootlessEnv = "AFPACKET_TEST_ROOTLESS"

// inUserNamespace reports whether these tests run again, for TestRootless.
func inUserNamespace() bool { return os.Getenv(rootlessEnv) != "" }

// TestRootless runs the tests of the link once more as an ordinary user, in a
// user namespace of his own: there, nothing is forced.
func TestRootless(t *testing.T) {
	if inUserNamespace() {
		t.Skip("these are the tests that TestRootless runs")
	}
	uid := os.Getuid()
	if uid == 0 {
		uid = 65534 // nobody
	}
	cmd := exec.Command("/proc/self/exe", "-test.run=^Test(Link|Refused|TCPThrough)$", "-test.count=1", "-test.v")
	cmd.Env = append(os.Environ(), rootlessEnv+"=1")
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: uid, Size: 1}},
		Credential:  &syscall.Credential{Uid: 0, Gid: 0, NoSetGroups: true},
	}
	out, err := cmd.CombinedOutput()
	if _, ran := err.(*exec.ExitError); err != nil && !ran {
		t.Skipf("%s needs user namespaces: %v", t.Name(), err)
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}
