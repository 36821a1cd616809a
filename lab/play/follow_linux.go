// SPDX-License-Identifier: Apache-2.0

package play

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// The guest writes its verdicts to a file of the machine's. There is nothing to
// wait on that both kernels know, so one looks at the file again and again.

// follow reports the verdicts in a file as they come, until ended is closed, and
// returns how many there were.
func follow(file string, ended <-chan struct{}, report func(verdict)) (n int, err error) {
	var f *os.File
	var rest []byte
	for over := false; !over && err == nil; {
		select {
		case <-ended:
			over = true
		case <-time.After(10 * look):
		}
		if f == nil {
			if f, err = os.Open(file); errors.Is(err, os.ErrNotExist) && !over {
				err = nil
				continue
			} else if err != nil {
				return n, err
			}
			defer f.Close()
		}
		var more []byte
		if more, err = io.ReadAll(f); err == nil {
			rest, err = verdictsIn(append(rest, more...), func(v verdict) { n++; report(v) })
		}
	}
	return n, err
}

// verdictsIn reports the whole lines of b, and returns what is behind them.
func verdictsIn(b []byte, report func(verdict)) ([]byte, error) {
	for {
		line, rest, whole := bytes.Cut(b, []byte("\n"))
		if !whole {
			return b, nil
		}
		var v verdict
		if err := json.Unmarshal(line, &v); err != nil {
			return nil, fmt.Errorf("a verdict: %w", err)
		}
		report(v)
		b = rest
	}
}
