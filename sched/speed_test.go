// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/ulvs/ulvs/packet"
)

// crowd are n servers of many weights, one in a hundred a big one.
func crowd(n int) []*Server {
	list := make([]*Server, n)
	for i := range list {
		a := [4]byte{10}
		binary.BigEndian.PutUint16(a[2:], uint16(i))
		list[i] = &Server{Addr: netip.AddrPortFrom(netip.AddrFrom4(a), 80)}
		list[i].Added(1+i%13+i%100/99*100, 0, 0)
	}
	return list
}

// from is a request of the i-th client, for the i-th destination.
func from(i uint32) (r Request) {
	r.Flow.Proto = packet.ProtoTCP
	binary.BigEndian.PutUint32(r.Flow.Src.Addr[12:], i)
	binary.BigEndian.PutUint32(r.Flow.Dst.Addr[12:], i%1000)
	return r
}

// A traffic keeps some connections open: with each new one an old one ends.
// So of every server counts change all the time.
type traffic struct {
	pick func(Request) *Server
	rand *rand.Rand
	open []*Server
	n    uint32
}

func newTraffic(pick func(Request) *Server, open int) *traffic {
	t := &traffic{pick: pick, rand: rand.New(rand.NewPCG(1, 1))}
	for range open {
		t.open = append(t.open, t.next())
	}
	return t
}

func (t *traffic) next() *Server {
	t.n++
	d := t.pick(from(t.n * 2654435761))
	if d != nil {
		d.Bind(false)
		d.Activate()
	}
	return d
}

func (t *traffic) turn() {
	was := &t.open[t.rand.IntN(len(t.open))]
	if *was != nil {
		(*was).Unbind(true)
	}
	*was = t.next()
}

// sizes of services; a connection is open for every second of 10,000 servers.
var sizes = []int{10, 100, 1000, 10000}

// BenchmarkSpeed is one connection that opens and one that ends, by index and
// by walking: docs/sched-speed.md shows it.
func BenchmarkSpeed(b *testing.B) {
	for _, name := range Names() {
		for _, n := range sizes {
			list := crowd(n)
			s, _ := New(name, Env{})
			s.Update(list, Change{})
			b.Run(fmt.Sprintf("%s/%d/is", name, n), func(b *testing.B) { run(b, s.Pick) })
			if twins[name] != nil {
				pick, update := twins[name]()
				update(list, Change{})
				b.Run(fmt.Sprintf("%s/%d/walk", name, n), func(b *testing.B) {
					run(b, func(Request) *Server { return pick(list) })
				})
			}
		}
	}
}

func run(b *testing.B, pick func(Request) *Server) {
	t := newTraffic(pick, 5000)
	b.ReportAllocs()
	for b.Loop() {
		t.turn()
	}
}

// BenchmarkEdit is one server's weight edited, and one pick.
func BenchmarkEdit(b *testing.B) {
	for _, name := range Names() {
		for _, n := range sizes {
			list := crowd(n)
			s, _ := New(name, Env{})
			s.Update(list, Change{})
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				i := 0
				for b.Loop() {
					i++
					d := list[i*7919%n]
					d.Edited(1+i%100, 0, 0)
					s.Update(list, Change{Edit, d})
					s.Pick(from(uint32(i)))
				}
			})
		}
	}
}

// BenchmarkRestore is a service of 10,000 servers, added one by one.
func BenchmarkRestore(b *testing.B) {
	const n = 10000
	for _, name := range Names() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				list := crowd(n)
				s, _ := New(name, Env{})
				s.Update(nil, Change{})
				for i := n - 1; i >= 0; i-- {
					s.Update(list[i:], Change{Add, list[i]})
				}
				s.Pick(from(1))
			}
		})
	}
}
