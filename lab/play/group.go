// SPDX-License-Identifier: Apache-2.0

package play

import "strings"

// A program takes long to start in user-mode Linux, and ipvsadm can read many
// commands: so neighbours of one kind go into one ipvsadm -R.

// A kind is what commands have in common that one ipvsadm can carry out.
type kind int

const (
	single  kind = iota // it stands for itself
	changes             // it changes something
	looks               // it lists in an order, and may be asked again
)

func (e event) kind() kind {
	args, found := strings.CutPrefix(e.line, "ipvsadm -")
	switch {
	case !found || strings.HasPrefix(args, "Lnc"):
		return single
	case args[0] == 'L':
		return looks
	}
	return changes
}

// group is how many events from the first on are carried out as one.
func group(events []event) int {
	n, k := 1, events[0].kind()
	for k != single && n < len(events) && events[n].kind() == k {
		n++
	}
	return n
}

// joined is one command that does what all these do.
func joined(events []event) (line string, c *command) {
	c = &command{args: []string{"ipvsadm", "-R"}, asks: events[0].kind() == looks}
	for _, e := range events {
		c.in += strings.TrimPrefix(e.line, "ipvsadm ") + "\n"
	}
	return "ipvsadm -R", c
}
