// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"io/fs"
	"os"
)

// Down ends the lab in a directory, and removes the directory. It reports which
// lab that was ("" if it was not finished), and whether there was anything.
func Down(dir string) (name string, found bool, err error) {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	c, err := claimDir(dir)
	if err != nil {
		return "", false, err
	}
	if l, err := Open(dir); err == nil {
		name = l.Plan.Name
	}
	if err := endKeeper(dir); err != nil {
		c.release()
		return name, true, err
	}
	return name, true, c.remove()
}
