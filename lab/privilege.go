// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// hostSpaces are the namespaces that each host has of its own.
const hostSpaces = unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC

// privileged reports whether this process may make namespaces as it is. A
// root in a container often may not, and is then an ordinary user to us.
func privileged() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false
	}
	want := uint32(1<<unix.CAP_SYS_ADMIN | 1<<unix.CAP_NET_ADMIN)
	return data[0].Effective&want == want
}

// keeperAttr is how the keeper starts: first process of a pid namespace, so
// that its end is the end of all that it started, however deep; and for an
// ordinary user inside a user namespace, in which that user is root.
func keeperAttr() *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setsid: true, Cloneflags: hostSpaces | unix.CLONE_NEWPID}
	if !privileged() {
		attr.Cloneflags |= unix.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	return attr
}

// A knob is a sysctl by which a system forbids user namespaces.
type knob struct{ path, forbids, allow string }

var knobs = []knob{
	{"user/max_user_namespaces", "0", "user.max_user_namespaces=15000"},
	{"kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"},
	{"kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"},
}

// explain adds to a refusal what forbids namespaces here, and what to do.
func explain(err error) error {
	if privileged() || !refusal(err) {
		return err
	}
	for _, k := range knobs {
		b, readErr := os.ReadFile("/proc/sys/" + k.path)
		if readErr == nil && strings.TrimSpace(string(b)) == k.forbids {
			return fmt.Errorf("%w: this system forbids user namespaces to ordinary users (%s=%s): use sudo, or let root type sysctl -w %s",
				err, strings.ReplaceAll(k.path, "/", "."), k.forbids, k.allow)
		}
	}
	if !errors.Is(err, errNamespaces) {
		return err // refused later, and for no reason that we know
	}
	return fmt.Errorf("%w: this system forbids user namespaces: use sudo; in a container, start that with --privileged", err)
}

// errNamespaces is what was attempted when the keeper could not be born.
var errNamespaces = errors.New("make namespaces")

// startError says what was attempted, without the path of the binary.
func startError(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("%w: %w", errNamespaces, err)
}

// refusal reports whether an error is the kernel's no. One of the keeper's is
// here only as its text.
func refusal(err error) bool {
	for _, no := range []error{unix.EPERM, unix.EACCES, unix.ENOSPC, unix.EINVAL, unix.ENOSYS} {
		if errors.Is(err, no) || strings.HasSuffix(err.Error(), no.Error()) {
			return true
		}
	}
	return false
}
