// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"fmt"
	"os"
)

// DirectorHost is the host of every lab that the director runs on.
const DirectorHost = "lvs"

// hereFile says in a host which host it is. It lies in the host's own /run, so
// that also a process without our environment finds it.
const hereFile = hostDir + "/here"

// A Place is a host, and the lab that it belongs to.
type Place struct{ Lab, Host string }

// Here is the host of a lab that this process is in; false on the machine.
func Here() (p Place, ok bool) {
	b, err := os.ReadFile(hereFile)
	if err != nil {
		return Place{}, false
	}
	n, _ := fmt.Sscan(string(b), &p.Lab, &p.Host)
	return p, n == 2
}

// hereText is what Here reads.
func (a *agent) hereText() string { return fmt.Sprintln(a.Plan.Name, a.Host.Name) }
