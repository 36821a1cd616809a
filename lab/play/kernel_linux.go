// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"errors"
)

// Kernel plays a lesson on the IPVS of the kernel that runs here, with the
// ipvsadm that is installed. It needs root, and the modules loaded; see Guest.
func Kernel(ctx context.Context, l *Lesson) error {
	if err := l.live(); err != nil {
		return err
	}
	return apart(func() error {
		wires, err := build()
		w := &wired{traits: Traits{Name: "on the kernel's IPVS", Truth: true}, wires: wires, run: inHost}
		if err == nil {
			err = l.Play(ctx, w)
		}
		return errors.Join(err, w.close())
	})
}
