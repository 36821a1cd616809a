// SPDX-License-Identifier: Apache-2.0

package rs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// A change of kind setSysctl: its name is the path below /proc/sys. Below net
// these are the network namespace's own.

const sysctlRoot = "/proc/sys/"

func readSysctl(path string) (string, error) {
	b, err := os.ReadFile(sysctlRoot + path)
	return strings.TrimSpace(string(b)), err
}

func lookSysctl(c *change) (bool, string, error) {
	was, err := readSysctl(c.Name)
	return was == c.Value, was, err
}

func writeSysctl(path, value string) error {
	err := os.WriteFile(sysctlRoot+path, []byte(value), 0)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: needs root, or a network namespace of your own", err)
	case err != nil && strings.HasSuffix(err.Error(), "read-only file system"):
		return fmt.Errorf("%w: the container keeps /proc/sys from you: set it where the container is started", err)
	}
	return err
}

func doSysctl(c *change) error { return writeSysctl(c.Name, c.Value) }

// undoSysctl restores a setting. That of an interface may have gone with it.
func undoSysctl(c *change) error {
	if err := writeSysctl(c.Name, c.Was); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func saySysctl(c *change) string   { return "sysctl -w " + spoken(c.Name) + "=" + c.Value }
func unsaySysctl(c *change) string { return "sysctl -w " + spoken(c.Name) + "=" + c.Was }

// spoken is a path with dots, as sysctl(8) likes it, unless an interface has a
// dot in its name.
func spoken(path string) string {
	if strings.Contains(path, ".") {
		return path
	}
	return strings.ReplaceAll(path, "/", ".")
}
