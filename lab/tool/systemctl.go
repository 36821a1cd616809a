// SPDX-License-Identifier: Apache-2.0

package tool

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// systemctl's exit codes, which scripts ask for.
const (
	notRunning = 3
	notLoaded  = 5 // there is no such unit
)

// ruleFiles are where distributions keep the rules that ipvsadm.service brings
// back: Red Hat's, then Debian's.
var ruleFiles = []string{"/etc/sysconfig/ipvsadm", "/etc/ipvsadm.rules"}

// webUnits are the web servers that tutorials start on their real servers.
var webUnits = []string{"httpd", "nginx", "apache2"}

// A manager is systemctl, with what it needs of the host.
type manager struct {
	rules    []string                                    // files, the first that is there counts
	shell    func(script string, out, err io.Writer) int // does it, and returns its exit code
	serves   func() bool                                 // whether the lab's web server runs here
	out, err io.Writer
}

// systemctl never reaches the machine's systemd. What the unit ipvsadm does it
// does on this host, and says what that was.
func systemctl(args []string, out, err io.Writer) int {
	m := manager{ruleFiles, shell, serves, out, err}
	return m.main(args)
}

func (m manager) main(args []string) int {
	words := slices.DeleteFunc(slices.Clone(args), func(w string) bool { return strings.HasPrefix(w, "-") })
	if len(words) < 2 {
		return fail(m.err, 1, "systemctl: a host of a lab has no systemd; of units it knows ipvsadm: systemctl start ipvsadm")
	}
	unit := strings.TrimSuffix(words[1], ".service")
	switch {
	case unit == "ipvsadm":
		return m.ipvsadm(words[0])
	case slices.Contains(webUnits, unit) && m.serves():
		return fail(m.out, 0, "systemctl: %s: the lab's own web server runs here already, on ports 80 and 443", unit)
	}
	return fail(m.err, notLoaded, "systemctl: Unit %s.service not loaded: a host of a lab has no systemd, and the machine's is not touched", unit)
}

// ipvsadm does a word of the unit ipvsadm.
func (m manager) ipvsadm(word string) int {
	switch word {
	case "start", "restart", "reload":
		return m.load(word)
	case "stop":
		return m.do(word, "ipvsadm -C")
	case "save":
		return m.do(word, "ipvsadm-save -n > "+m.rules[0])
	case "status", "is-active":
		return m.status(word)
	case "enable", "disable":
		return fail(m.out, 0, "systemctl: %s ipvsadm: a host of a lab starts once; nothing to %s", word, word)
	}
	return fail(m.err, 1, "systemctl: %s ipvsadm: there are start, stop, restart, reload, save, status, is-active, enable, disable", word)
}

// load brings the saved rules back. ipvsadm-restore begins with a flush.
func (m manager) load(word string) int {
	for _, name := range m.rules {
		if _, err := os.Stat(name); err == nil {
			return m.do(word, "ipvsadm-restore < "+name)
		}
	}
	return fail(m.err, 1, "systemctl: %s ipvsadm: there is no %s: save rules first: ipvsadm-save -n > %[2]s", word, m.rules[0])
}

func (m manager) do(word, script string) int {
	if code := m.shell(script, m.out, m.err); code != 0 {
		return fail(m.err, 1, "systemctl: %s ipvsadm: %s: exit %d", word, script, code)
	}
	return fail(m.out, 0, "systemctl: %s ipvsadm: did %s", word, script)
}

// status calls the unit active while there are rules.
func (m manager) status(word string) int {
	var rules bytes.Buffer
	if code := m.shell("ipvsadm -S -n", &rules, m.err); code != 0 {
		return notRunning
	}
	state, code := "active", 0
	if rules.Len() == 0 {
		state, code = "inactive", notRunning
	}
	if word == "is-active" {
		return fail(m.out, code, "%s", state)
	}
	fmt.Fprintf(m.out, "ipvsadm.service: %s: %d rules\n%s", state, bytes.Count(rules.Bytes(), []byte("\n")), &rules)
	return code
}

// shell runs a line as one types it; our names come first in a host's PATH.
func shell(script string, out, err io.Writer) int {
	c := exec.Command("sh", "-c", script)
	c.Stdout, c.Stderr = out, err
	if runErr := c.Run(); c.ProcessState == nil {
		return fail(err, 127, "systemctl: %v", runErr)
	}
	return c.ProcessState.ExitCode()
}

// serves asks the web server itself.
func serves() bool {
	c, err := net.DialTimeout("tcp", "127.0.0.1:80", time.Second)
	if err != nil {
		return false
	}
	_ = c.Close()
	return true
}
