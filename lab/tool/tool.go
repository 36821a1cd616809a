// SPDX-License-Identifier: Apache-2.0

// Package tool holds small stand-ins for the programs that lessons type: for
// curl, ip, ping and sysctl where the machine has none, and always for
// systemctl, sudo and modprobe, so that nothing typed in a lab reaches the
// machine. They do what the lessons use, and refuse the rest by name.
package tool

import (
	"fmt"
	"io"
	"os"
)

// Always are the names that mean us in every lab; Spares, those that mean us
// where the machine has no such program.
var (
	Always = []string{"ipvsadm", "ipvsadm-save", "ipvsadm-restore", "systemctl", "sudo", "modprobe"}
	Spares = []string{"curl", "ip", "ping", "sysctl"}
)

// A program is what Main finds under a name; it returns the exit code.
type program func(args []string, out, err io.Writer) int

var programs = map[string]program{
	"curl":      curl,
	"ip":        ip,
	"modprobe":  modprobe,
	"ping":      ping,
	"sudo":      sudo,
	"sysctl":    sysctl,
	"systemctl": systemctl,
}

// Main is the program that was called by this name. It reports false if we
// stand in for none such.
func Main(name string, args []string) (code int, ok bool) {
	p, ok := programs[name]
	if !ok {
		return 0, false
	}
	return p(args, os.Stdout, os.Stderr), true
}

// fail says what is wrong, in a line, and is the exit code.
func fail(w io.Writer, code int, format string, args ...any) int {
	fmt.Fprintf(w, format+"\n", args...)
	return code
}
