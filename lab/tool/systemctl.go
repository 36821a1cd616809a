// SPDX-License-Identifier: Apache-2.0

package tool

import (
	"io"
	"strings"
)

// notLoaded is systemctl's exit code for a unit that is not there.
const notLoaded = 5

// rules is where distributions keep the rules that ipvsadm.service brings back.
const rules = "/etc/sysconfig/ipvsadm"

// ipvsadmUnit says what the service would do, for each word.
var ipvsadmUnit = map[string]string{
	"start":   "ipvsadm-restore < " + rules,
	"stop":    "ipvsadm-save -n > " + rules + "; ipvsadm -C",
	"restart": "ipvsadm -C; ipvsadm-restore < " + rules,
	"reload":  "ipvsadm -C; ipvsadm-restore < " + rules,
	"enable":  "ipvsadm-restore < " + rules + ", at every start of the machine",
	"disable": "nothing at the start of the machine any more",
	"status":  "nothing: the rules are in the director; ipvsadm -Ln shows them",
}

// systemctl never reaches the machine's systemd: it tells what the service
// would do, so that one can type that.
func systemctl(args []string, out, err io.Writer) int {
	var words []string
	for _, a := range args {
		if !strings.HasPrefix(a, "-") {
			words = append(words, a)
		}
	}
	if len(words) < 2 {
		return fail(err, 1, "systemctl: a host of a lab has no systemd; of units it knows ipvsadm: systemctl start ipvsadm")
	}
	unit := strings.TrimSuffix(words[1], ".service")
	does, ok := ipvsadmUnit[words[0]]
	switch {
	case unit != "ipvsadm":
		return fail(err, notLoaded, "systemctl: Unit %s.service not loaded: a host of a lab has no systemd, and the machine's is not touched", unit)
	case !ok:
		return fail(err, 1, "systemctl: %s ipvsadm: there are start, stop, restart, reload, enable, disable, status", words[0])
	}
	return fail(out, 0, "systemctl: a host of a lab has no systemd: %s ipvsadm would do: %s", words[0], does)
}
