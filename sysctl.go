// SPDX-License-Identifier: Apache-2.0

package ulvs

import (
	"fmt"
	"strings"
)

// SysctlPrefix stands before the names of Sysctl where all of a host's have
// their place.
const SysctlPrefix = "net.ipv4.vs."

// SysctlName is the name that a Sysctl has in ulvs, for all that sysctl(8) and
// /proc call it: net.ipv4.vs.conn_reuse_mode, net/ipv4/vs/conn_reuse_mode, with
// or without the prefix.
func SysctlName(text string) (string, error) {
	name := strings.TrimPrefix(strings.TrimSpace(text), "/proc/sys/")
	name = strings.TrimPrefix(strings.ReplaceAll(name, "/", "."), SysctlPrefix)
	switch {
	case name == "":
		return "", fmt.Errorf("sysctl %q: its name is missing", text)
	case strings.Contains(name, "."):
		return "", fmt.Errorf("sysctl %s: only %s* are ulvs's: the others are the kernel's, for sysctl(8)", strings.TrimSpace(text), SysctlPrefix)
	}
	return name, nil
}
