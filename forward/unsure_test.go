// SPDX-License-Identifier: Apache-2.0

package forward

import (
	"errors"
	"testing"

	"github.com/ulvs/ulvs/host"
)

// deafened is a guard that hears, and whose answer is lost.
type deafened struct {
	*bench
	err error
}

func (d *deafened) Set(g host.GuardSet) error {
	d.set = g
	return d.err
}

// After a refusal nobody knows what the guard has heard: it is told again.
func TestGuardAnswerIsLost(t *testing.T) {
	b := webNAT(t)
	d := &deafened{b, errors.New("no buffer space available")}
	b.Engine.cfg.Guard = d
	if err := b.Do(t.Context(), command("add-service udp 192.0.2.1:53 rr")); err == nil {
		t.Fatal("no error")
	}
	d.err = nil
	if err := b.Tick(b.now); err != nil || len(b.set.Virtual) != 1 {
		t.Errorf("the guard takes %v, %v: nobody answers for what was refused", b.set.Virtual, err)
	}
}
