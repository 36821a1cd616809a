// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// adminDirs are where the network's programs lie; an ordinary user's PATH
// often lacks them.
var adminDirs = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// hostPath is the PATH in hosts: the lab's programs, then the user's, then the
// administrator's.
func hostPath() string {
	dirs := []string{filepath.Join(hostDir, binDir)}
	for _, dir := range append(filepath.SplitList(os.Getenv("PATH")), adminDirs...) {
		if filepath.IsAbs(dir) && !slices.Contains(dirs, dir) {
			dirs = append(dirs, dir)
		}
	}
	return strings.Join(dirs, string(filepath.ListSeparator))
}

// lookPath finds a program in a PATH that is not this process's.
func lookPath(name, path string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, dir := range filepath.SplitList(path) {
		full := filepath.Join(dir, name)
		if info, err := os.Stat(full); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return full, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}

// private are the variables of the user's that mean nothing, or harm, in a
// host: a proxy would take the requests of a lab to the real network.
var private = []string{"ULVS_", "http_proxy=", "https_proxy=", "all_proxy=", "ftp_proxy=", "no_proxy=", "BASH_ENV=", "LD_PRELOAD="}

// hostEnv is the user's environment as far as it goes into a host.
func hostEnv(environ []string) (env []string) {
	for _, v := range environ {
		strange := slices.ContainsFunc(private, func(prefix string) bool {
			return len(v) >= len(prefix) && strings.EqualFold(v[:len(prefix)], prefix)
		})
		if !strange {
			env = append(env, v)
		}
	}
	return env
}
