// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// crowd is a table with n connections of as many clients, and their flows in
// random order, half of them replies.
func crowd(b *testing.B, n int) (*Table, []packet.Flow) {
	tab, flows := newTable(n+4*ExpireAtOnce), make([]packet.Flow, n)
	for i, at := range rand.New(rand.NewPCG(6, 0)).Perm(n) {
		c := nat(packet.ProtoTCP, uint16(1024+i%60000))
		binary.BigEndian.PutUint32(c.Client.Addr[12:], 10<<24|uint32(i/60000+i*7))
		c.Local = c.Client
		c.Timeout = time.Hour
		insert(b, tab, c, 0)
		flows[at] = in(c)
		if at%2 == 0 {
			flows[at] = out(c)
		}
	}
	return tab, flows
}

var sizes = []int{1_000, 100_000, 1_000_000}

// A packet of a known connection: Lookup and Track.
func BenchmarkKnown(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tab, flows := crowd(b, n)
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				c, dir := tab.Lookup(&flows[i])
				tab.Track(c, dir, packet.ACK, 0, time.Second)
				if i++; i == n {
					i = 0
				}
			}
		})
	}
}

// A flood of a million new connections a second, each of which ends at once and
// expires 10 ms later, among n that stay.
func BenchmarkLife(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tab, _ := crowd(b, n)
			to := Defaults()
			to[Close] = resolution
			tab.SetTimeouts(to)
			now, one := time.Duration(0), nat(packet.ProtoTCP, 1)
			b.ReportAllocs()
			for b.Loop() {
				one.Client.Port++
				one.Local = one.Client
				c := insert(b, tab, one, now)
				tab.Track(c, In, packet.SYN, 0, now)
				tab.Track(c, Out, packet.RST, 0, now)
				now += time.Microsecond
				tab.Expire(now, ignore)
			}
		})
	}
}
