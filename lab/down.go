// SPDX-License-Identifier: Apache-2.0

package lab

import (
	"errors"
	"io/fs"
	"os"
)

// Down ends the lab in a directory, and removes the directory. It reports
// whether there was anything to take down.
func Down(dir string) (bool, error) {
	if _, err := os.Lstat(dir); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	c, err := claimDir(dir)
	if err != nil {
		return false, err
	}
	if err := endKeeper(dir); err != nil {
		c.release()
		return true, err
	}
	return true, c.remove()
}
