// SPDX-License-Identifier: Apache-2.0

package afpacket_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/ulvs/ulvs/forward/afpacket"
)

// A line is two hosts with the forwarder between them:
//
//	left 10.9.0.1 l0 – a  middle  b – r0 10.9.0.2 right
type line struct{ left, middle, right *place }

func newLine(t testing.TB, mtu int) line {
	t.Helper()
	l := line{newPlace(t), newPlace(t), newPlace(t)}
	wire(l.left, "l0", l.middle, "a", mtu)
	wire(l.middle, "b", l.right, "r0", mtu)
	l.left.addr("l0", "10.9.0.1/24")
	l.right.addr("r0", "10.9.0.2/24")
	l.left.addr("l0", "fd09::1/64")
	l.right.addr("r0", "fd09::2/64")
	return l
}

// TestTCPThrough sends a stream from kernel to kernel and compares what arrives.
func TestTCPThrough(t *testing.T) {
	for name, addr := range map[string]string{"ipv4": "10.9.0.2:9", "ipv6": "[fd09::2]:9"} {
		t.Run(name, func(t *testing.T) {
			l := newLine(t, 1500)
			f := carry(t, l.middle, "a", "b", afpacket.Config{})
			stream(t, l, addr, 64<<20)
			f.end()
			if f.seen[0].super == 0 || f.seen[1].partial == 0 {
				t.Errorf("no super-frame or no partial checksum came through: %+v", f.seen)
			}
			t.Logf("%+v", f.seen)
		})
	}
}

// stream sends n random bytes over TCP from left to right.
func stream(t *testing.T, l line, addr string, n int64) {
	t.Helper()
	conn, in := connect(t, l, addr)
	want, sent := sha256.New(), make(chan bool)
	go func() {
		defer close(sent)
		defer conn.Close()
		source := io.LimitReader(rand.NewChaCha8([32]byte{1}), n)
		if _, err := io.CopyBuffer(io.MultiWriter(conn, want), source, make([]byte, 256<<10)); err != nil {
			t.Error(err)
		}
	}()
	got := sha256.New()
	m, err := io.Copy(got, in)
	must(t, err)
	<-sent
	if m != n || !bytes.Equal(got.Sum(nil), want.Sum(nil)) {
		t.Errorf("%d of %d bytes arrived, or other ones", m, n)
	}
}
