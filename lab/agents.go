// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// An agentProcess is an agent as the keeper sees it.
type agentProcess struct {
	host Host
	pid  int
	line
}

// An order is what an agent is told at its birth.
type order struct {
	Plan Plan   `json:"plan"`
	Host Host   `json:"host"`
	Dir  string `json:"dir"`
	Path string `json:"path"`
}

// start gives birth to the agent of a host, in namespaces of its own.
func (k *keeper) start(h Host, listener *os.File) error {
	defer listener.Close()
	control, theirs, err := newPair()
	if err != nil {
		return err
	}
	defer theirs.Close()
	cmd := &exec.Cmd{
		Path:        filepath.Join(k.Dir, binDir, "ulvs"),
		Args:        []string{"ulvs", AgentVerb, h.Name},
		Stderr:      os.Stderr,
		ExtraFiles:  []*os.File{theirs, listener},
		SysProcAttr: &syscall.SysProcAttr{Setsid: true, Cloneflags: hostSpaces},
	}
	if err := cmd.Start(); err != nil {
		return errors.Join(startError(err), control.Close())
	}
	k.agents = append(k.agents, &agentProcess{h, cmd.Process.Pid, control})
	return control.send(order{Plan: k.Plan, Host: h, Dir: k.Dir, Path: k.Path})
}

// each does something with every agent, and says at which it failed.
func (k *keeper) each(what string, do func(*agentProcess) error) error {
	for _, a := range k.agents {
		err := do(a)
		if errors.Is(err, io.EOF) {
			err = fmt.Errorf("its agent died")
		}
		if err != nil {
			return fmt.Errorf("%s %s: %w", what, a.host.Name, err)
		}
	}
	return nil
}

func (a *agentProcess) hear() error { return a.line.hear() }
func (a *agentProcess) wake() error { return a.send(report{}) }
