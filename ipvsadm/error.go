// SPDX-License-Identifier: Apache-2.0

package ipvsadm

import (
	"errors"
	"fmt"

	"github.com/ulvs/ulvs"
)

// An Error is why a line is not carried out, in the original's words.
type Error struct {
	Text string
	Code int  // what the process exits with
	Ends bool // a restore ends here; after the others it goes on
}

// Error is the text.
func (e *Error) Error() string { return e.Text }

// errTry answers a line that does not begin with a command.
var errTry = &Error{Text: "no command: try -h or --help", Code: 255, Ends: true}

// usage makes the error of a line that makes no sense.
func usage(format string, args ...any) error {
	return &Error{Text: fmt.Sprintf(format, args...), Code: 2, Ends: true}
}

// words of the original for what a director refuses, whatever was asked.
var refusals = []wording{
	{ulvs.ErrPermission, "Permission denied (you must be root)"},
	{ulvs.ErrInvalid, "Invalid operation.  Possibly wrong module version, address not unicast, ..."},
	{ulvs.ErrRange, "Numerical result out of range"},
	{ulvs.ErrFamily, "Operation not supported with specified address family"},
	{ulvs.ErrNoScheduler, "Scheduler or persistence engine not found"},
	{ulvs.ErrNoEngine, "Scheduler or persistence engine not found"},
	{ulvs.ErrServiceExists, "Service already exists"},
	{ulvs.ErrServerExists, "Destination already exists"},
	{ulvs.ErrNoServer, "No such destination"},
	{ulvs.ErrNoService, "No such service"},
}

// serverRefusals go before refusals where the command is about a real server.
var serverRefusals = []wording{{ulvs.ErrNoService, "Service not defined"}}

type wording struct {
	err  error
	text string
}

// refused words what a director refused. What the original has no words for
// speaks for itself.
func refused(v ulvs.Verb, err error) error {
	e := &Error{Text: err.Error(), Code: 255}
	table := refusals
	switch v {
	case ulvs.AddServer, ulvs.EditServer, ulvs.DeleteServer:
		table = append(serverRefusals[:1:1], refusals...)
	}
	for _, w := range table {
		if errors.Is(err, w.err) {
			e.Text = w.text
			break
		}
	}
	return e
}
