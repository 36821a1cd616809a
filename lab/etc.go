// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writeEtc tells the host its own name and the others', where no names are to
// be had (so that nothing waits for a resolver), and how its shell begins.
func (a *agent) writeEtc() error {
	files := map[string]string{
		"/etc/hostname":    a.Host.Name + "\n",
		"/etc/hosts":       a.Plan.hostsFile(),
		"/etc/resolv.conf": "# a lab has no name server; /etc/hosts knows its hosts\n",
		shellFile:          a.Host.shellFile(),
		hereFile:           a.hereText(),
	}
	if err := os.MkdirAll(homeDir, 0o700); err != nil {
		return fmt.Errorf("make a home: %w", err)
	}
	if err := os.MkdirAll(rulesDir, 0o755); err != nil {
		return fmt.Errorf("make a place for saved rules: %w", err)
	}
	for path, text := range files {
		if err := replace(path, text); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	return nil
}

// replace writes a file anew; a link there is replaced, not followed.
func replace(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// hostsFile names each host by its first address. The VIP has no name: it is
// nobody's in particular.
func (p Plan) hostsFile() string {
	var b strings.Builder
	b.WriteString("127.0.0.1 localhost\n::1 localhost\n")
	for _, h := range p.Hosts {
		for _, port := range h.Ports {
			if len(port.Addrs) > 0 && port.Wire != "" {
				fmt.Fprintf(&b, "%s %s\n", port.Addrs[0].Prefix.Addr(), h.Name)
			}
		}
	}
	return b.String()
}

// rulesDir is where tutorials save rules: ipvsadm -S -n > /etc/sysconfig/ipvsadm.
const rulesDir = "/etc/sysconfig"

// homeDir is the home of a host's root, who leaves the user's alone; shellFile
// is what an interactive shell reads first.
const (
	homeDir   = hostDir + "/root"
	shellFile = hostDir + "/shellrc"
)

func (h Host) shellFile() string {
	return `if [ -n "$BASH_VERSION" ]; then
	PS1='[root@` + h.Name + ` \W]\$ '
else
	PS1='[root@` + h.Name + ` ~]# '
fi
`
}
