// SPDX-License-Identifier: Apache-2.0

package play

import (
	"context"
	"errors"
)

// judgeHere plays a lesson on the IPVS of the kernel that runs here, with the
// ipvsadm that is installed. It needs root, and the modules loaded; see Guest.
func judgeHere(ctx context.Context, l *Lesson, p places) error {
	if err := l.elsewhere(Traits{Truth: true}); err != nil {
		return err
	}
	return apart(func() error {
		w, err := kernel()
		if err == nil {
			err = l.Play(ctx, polite{w, p})
		}
		return errors.Join(err, w.close())
	})
}

// kernel makes a world of this kernel's, and leaves the thread in it.
func kernel() (*wired, error) {
	wires, err := build()
	return &wired{traits: Traits{Name: "on the kernel's IPVS", Truth: true}, wires: wires, run: inHost}, err
}
