// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// hostDir is where a host finds what is the lab's: the programs, the shell's
// beginning and its history.
const hostDir = "/run/ulvs"

// maxCopied bounds a file of /etc that is copied: what is bigger (fonts,
// hardware tables) no lesson reads.
const maxCopied = 1 << 20

// makePrivate gives the host its own /etc, /var and /run, over the machine's:
// whatever is changed there is changed in memory, for this host alone. Its
// working directory is the lab's tmpfs, in which the changes lie.
func (a *agent) makePrivate() error {
	if err := os.Chdir(a.Dir); err != nil {
		return fmt.Errorf("enter the lab's tmpfs: %w", err)
	}
	for _, dir := range []string{"/etc", "/var", "/run"} { // /run last: the lab may lie in it
		if err := a.cover(dir); err != nil {
			return fmt.Errorf("make %s private: %w", dir, err)
		}
	}
	if err := hideNetworks(); err != nil {
		return fmt.Errorf("hide the machine's named networks: %w", err)
	}
	if err := a.showTools(); err != nil {
		return fmt.Errorf("show the lab's programs: %w", err)
	}
	protect()
	// The lab's tmpfs is the keeper's; a host needs only what was shown to it.
	_ = unix.Unmount(a.Dir, unix.MNT_DETACH)
	return nil
}

// cover puts something private over a directory: an overlay for root. Inside a
// user namespace the machine's files belong to nobody there, and an overlay
// would not let the lab's root change them: so its own copy.
func (a *agent) cover(dir string) error {
	own := filepath.Join("hosts", a.Host.Name, dir)
	if privileged() && !inUserNamespace() && overlay(dir, own) == nil {
		return nil
	}
	mine := filepath.Join(own, "copy")
	if err := os.MkdirAll(mine, 0o755); err != nil {
		return err
	}
	if err := copyDir(dir, mine); err != nil {
		return err
	}
	return unix.Mount(mine, dir, "", unix.MS_BIND, "")
}

// inUserNamespace reports whether root here is somebody else outside.
func inUserNamespace() bool {
	b, err := os.ReadFile("/proc/self/uid_map")
	var inside, outside, size uint64
	if err != nil {
		return false
	}
	n, err := fmt.Sscan(string(b), &inside, &outside, &size)
	return err == nil && n == 3 && size != 1<<32-1
}

// overlay mounts over a directory of the machine one whose changes go to own.
func overlay(dir, own string) error {
	upper, work := filepath.Join(own, "changes"), filepath.Join(own, "work")
	if err := errors.Join(os.MkdirAll(upper, 0o755), os.MkdirAll(work, 0o755)); err != nil {
		return err
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", dir, upper, work)
	return unix.Mount("overlay", dir, "overlay", unix.MS_NODEV, options)
}

// copyDir copies what a lab may need of a directory: all of /etc; of /run and
// /var, which may be large, the links and the names of the first level.
func copyDir(from, to string) error {
	if from == "/etc" {
		return copyTree(from, to)
	}
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, e := range entries {
		copyEntry(filepath.Join(from, e.Name()), filepath.Join(to, e.Name()), e)
	}
	return os.MkdirAll(filepath.Join(to, "log"), 0o755)
}

// copyTree copies what can be read; what cannot, the lab does without.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if path == from {
			return err
		}
		if err != nil {
			return nil
		}
		name, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		copyEntry(path, filepath.Join(to, name), e)
		if info, err := e.Info(); err == nil && e.Type().IsRegular() && info.Size() <= maxCopied {
			_ = copyFile(path, filepath.Join(to, name), info.Mode().Perm()|0o200)
		}
		return nil
	})
}

// copyEntry makes a directory or a link like the one that is there.
func copyEntry(from, to string, e fs.DirEntry) {
	switch {
	case e.IsDir():
		_ = os.Mkdir(to, 0o755)
	case e.Type() == fs.ModeSymlink:
		if target, err := os.Readlink(from); err == nil {
			_ = os.Symlink(target, to)
		}
	}
}

// hideNetworks gives the host an empty /run/netns: the machine's names stand
// there for nothing, and ip complains of each.
func hideNetworks() error {
	const names = "/run/netns"
	if err := os.MkdirAll(names, 0o755); err != nil {
		return err
	}
	return unix.Mount("tmpfs", names, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=755")
}

// showTools binds the lab's programs where hosts look for them, read-only.
func (a *agent) showTools() error {
	shown := filepath.Join(hostDir, binDir)
	if err := os.MkdirAll(shown, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(binDir, shown, "", unix.MS_BIND, ""); err != nil {
		return err
	}
	return unix.Mount("", shown, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV, "")
}

// protect shows this host's /sys, and keeps the settings of the whole machine
// (all sysctls but those of the network) from a typing root. What a container
// forbids of it is left out: it forbids the harm too.
func protect() {
	_ = unix.Mount("sysfs", "/sys", "sysfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC|unix.MS_RDONLY, "")
	const all, net = "/proc/sys", "/proc/sys/net"
	if unix.Mount(all, all, "", unix.MS_BIND, "") != nil || unix.Mount(net, net, "", unix.MS_BIND, "") != nil {
		return
	}
	_ = unix.Mount("", all, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
}
