// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// An agent is a host's first process: it makes the host what the plan says,
// starts its daemons, and then whatever somebody asks for.
type agent struct{ order }

// Agent is the life of a host's first process. It returns the exit code.
func Agent() int {
	control, err := inherited(controlFd)
	if err != nil {
		return died(err)
	}
	var a agent
	if err := a.begin(control); err != nil {
		_ = control.send(reportOf(err))
		return died(err)
	}
	l, err := net.FileListener(os.NewFile(listenFd, "door"))
	if err == nil {
		err = control.send(report{})
	}
	if err != nil {
		return died(err)
	}
	_ = control.Close()
	return died(a.serve(l.(*net.UnixListener)))
}

// begin makes the host, and tells the keeper when it needs the wires.
func (a *agent) begin(control line) error {
	unix.CloseOnExec(listenFd)
	if _, err := control.recv(&a.order); err != nil {
		return fmt.Errorf("hear the plan: %w", err)
	}
	if err := a.furnish(); err != nil {
		return err
	}
	if err := errors.Join(control.send(report{}), control.hear()); err != nil {
		return fmt.Errorf("wait for the wires: %w", err)
	}
	if err := a.configure(); err != nil {
		return err
	}
	return a.startDaemons()
}

// furnish makes what does not need a wire: name, files, settings.
func (a *agent) furnish() error {
	if err := unix.Sethostname([]byte(a.Host.Name)); err != nil {
		return fmt.Errorf("name the host: %w", err)
	}
	if err := a.makePrivate(); err != nil {
		return err
	}
	if err := a.writeEtc(); err != nil {
		return err
	}
	if inUserNamespace() {
		if err := pretendUsers(); err != nil {
			return err
		}
	}
	return a.setSysctls()
}
