// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ulvs/ulvs"
)

// unsupported are the options that ipvsadm has and ulvs has not yet. A line
// that is right but for them is refused, never carried out by half. What
// becomes supported is deleted here, and nowhere else.
var unsupported = map[string]bool{
	"set":             true,
	"start-daemon":    true,
	"stop-daemon":     true,
	"sctp-service":    true,
	"fwmark-service":  true,
	"persistent":      true,
	"netmask":         true,
	"ipip":            true,
	"u-threshold":     true,
	"l-threshold":     true,
	"connection":      true,
	"timeout":         true,
	"daemon":          true,
	"stats":           true,
	"rate":            true,
	"thresholds":      true,
	"persistent-conn": true,
	"syncid":          true,
	"ops":             true,
	"pe":              true,
	"sched-flags":     true,
	"tun-info":        true,
	"tun-type":        true,
}

// supported refuses the first option that is in the table above. Those that
// only go with one of these (multicast settings, tunnel ports) need no line.
func (p *parser) supported() error {
	for _, o := range p.used {
		if unsupported[o.long] {
			return usage("%v: not supported by ulvs yet", o)
		}
	}
	return nil
}

// kernelSchedulers are those of the kernel, up to Linux 6.12.
var kernelSchedulers = []string{
	"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos",
}

// refused words what a director refused. A scheduler that the kernel has is no
// mistake of who asks for it: that ulvs lacks it is told, and what there is.
func (s *session) refused(c ulvs.Command, err error) error {
	name := c.Service.Scheduler
	if !errors.Is(err, ulvs.ErrNoScheduler) || !slices.Contains(kernelSchedulers, name) {
		return refused(c.Verb, err)
	}
	text := fmt.Sprintf("-s %s: not supported by ulvs yet: there are %s", name, strings.Join(s.Schedulers, ", "))
	return &Error{Text: text, Code: 255}
}
