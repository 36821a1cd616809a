// SPDX-License-Identifier: Apache-2.0

package command

import (
	"errors"
	"fmt"
	"os"

	"github.com/ulvs/ulvs"
	"github.com/ulvs/ulvs/ctl"
	"github.com/ulvs/ulvs/lab"
)

// dial reaches the director: at the socket, or that of this network namespace
// if none is named. Where there is none, it says where one may be meant.
func dial(socket string) (*ctl.Client, error) {
	c, err := ctl.Dial(ctl.DefaultAddr(socket))
	if errors.Is(err, ulvs.ErrNoDirector) && socket == "" && os.Getenv("ULVS_SOCKET") == "" {
		err = elsewhere(err)
	}
	if err != nil {
		return nil, hinted{err}
	}
	return c, nil
}

// elsewhere names the director of the lab, if we are in one, or have one.
func elsewhere(err error) error {
	if place, inside := lab.Here(); inside {
		if place.Host == lab.DirectorHost {
			return err
		}
		return fmt.Errorf("%w: the director of this lab is on %s", ulvs.ErrNoDirector, lab.DirectorHost)
	}
	if l, openErr := lab.Open(lab.Dir()); openErr == nil {
		return fmt.Errorf("%w; lab %s is up: ulvs lab sh %s", ulvs.ErrNoDirector, l.Plan.Name, lab.DirectorHost)
	}
	return err
}
