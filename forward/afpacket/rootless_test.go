// SPDX-License-Identifier: Apache-2.0

package afpacket_test

import (
	"testing"

	"github.com/ulvs/ulvs/host/hosttest"
)

// TestRootless runs the tests of the link once more as an ordinary user, in a
// user namespace of his own: there, nothing is forced.
func TestRootless(t *testing.T) { hosttest.Rootless(t, "^Test(Link|Refused|TCPThrough)$") }
