// SPDX-License-Identifier: Apache-2.0

package host

import (
	"errors"
	"fmt"
	"io"
	"os/exec"

	"github.com/safchain/ethtool"
)

// gluing are the device features that must be off while ulvs forwards: they
// merge received packets so that nobody can take them apart again. The merging
// that the kernel does in software can be undone, and stays on.
var gluing = []string{"rx-lro", "rx-gro-hw"}

// Offloads are features of devices that are off for now. They come back with
// Close; if the process is killed, by a child that waits for that; and if the
// child is killed too, at the next TurnOff, from a journal.
type Offloads struct {
	journal journal
	watcher *exec.Cmd
	leash   io.WriteCloser // the child waits for its end
}

// TurnOff turns off what devices would glue packets together with, after it
// has restored what an earlier process left off. Dir is where journals lie,
// /run/ulvs. The child runs this program again, as Watchdog says. Where nothing
// is to be turned off, no child and no journal is made.
func TurnOff(devices []string, dir string) (*Offloads, error) {
	return turnOff(devices, gluing, dir, watchCommand)
}

func turnOff(devices, features []string, dir string, watch func(journal) (*exec.Cmd, error)) (*Offloads, error) {
	j, err := journalIn(dir)
	if err != nil {
		return nil, fmt.Errorf("turn offloads off: %w", err)
	}
	if err := j.undo(); err != nil {
		return nil, fmt.Errorf("restore offloads that an earlier ulvs turned off: %w", err)
	}
	on, err := active(devices, features)
	if err != nil || len(on) == 0 {
		return &Offloads{}, err
	}
	o := &Offloads{journal: j}
	if err := errors.Join(j.write(on), o.watch(watch), change(on, false)); err != nil {
		return nil, errors.Join(fmt.Errorf("turn offloads off: %w", err), o.Close())
	}
	return o, nil
}

// Close turns on again what TurnOff turned off.
func (o *Offloads) Close() error {
	if o.journal == "" {
		return nil
	}
	err := o.journal.undo()
	if o.watcher != nil {
		_ = o.leash.Close() // the child finds no journal any more, and ends
		_ = o.watcher.Wait()
	}
	*o = Offloads{}
	return err
}

// A feature of a device.
type feature struct{ Device, Name string }

// active are those of the features that are on and could be off. Devices that
// know no features have none.
func active(devices, features []string) ([]feature, error) {
	e, err := ethtool.NewEthtool()
	if err != nil {
		return nil, fmt.Errorf("read offloads: %w", err)
	}
	defer e.Close()
	var on []feature
	for _, d := range devices {
		states, err := e.FeaturesWithState(d)
		if err != nil {
			continue
		}
		for _, name := range features {
			if s := states[name]; s.Active && s.Available && !s.NeverChanged {
				on = append(on, feature{d, name})
			}
		}
	}
	return on, nil
}

// change turns the features on or off. What is gone needs no change.
func change(list []feature, on bool) error {
	e, err := ethtool.NewEthtool()
	if err != nil {
		return err
	}
	defer e.Close()
	var errs []error
	for _, f := range list {
		if states, err := e.FeaturesWithState(f.Device); err != nil || !states[f.Name].Available {
			continue
		}
		if err := e.Change(f.Device, map[string]bool{f.Name: on}); err != nil {
			errs = append(errs, fmt.Errorf("%s of %s: %w", f.Name, f.Device, err))
		}
	}
	return errors.Join(errs...)
}
