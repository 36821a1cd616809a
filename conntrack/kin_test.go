// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// A family is a table of templates and their connections, and beside it what
// is known of each the slow way: who its parent is, and when its time is over.
type family struct {
	t *testing.T
	*rand.Rand
	tab  *Table
	now  time.Duration
	kids []*relative
}

type relative struct {
	c      *Conn
	parent *relative
	path   packet.Path
	doomed bool // by ExpireNow or ExpireWhole
}

func (f *family) children(r *relative) (n int) {
	for _, k := range f.kids {
		if k.parent == r {
			n++
		}
	}
	return n
}

func (f *family) add(n New, parent *relative) {
	if c, why := f.tab.Insert(n, f.now); why == packet.None {
		r := &relative{c: c, parent: parent, path: c.Path}
		if parent != nil {
			f.tab.Adopt(parent.c, c)
		}
		f.kids = append(f.kids, r)
	}
}

// step lets something happen to one of them.
func (f *family) step() {
	n := nat(packet.ProtoTCP, uint16(1+f.IntN(4)))
	n.Timeout = time.Duration(f.IntN(90)) * time.Second
	if len(f.kids) == 0 || f.IntN(5) == 0 {
		n.Client.Port, n.Local.Port, n.Flags = 0, 0, Template
		f.add(n, nil)
		return
	}
	r := f.kids[f.IntN(len(f.kids))]
	switch f.IntN(10) {
	case 0, 1, 2:
		if r.c.Flags&Template != 0 {
			f.add(n, r)
		}
	case 3:
		f.tab.Track(r.c, Dir(f.IntN(2)), packet.TCPFlags(f.IntN(64)), 0, f.now)
	case 4:
		if r.c.Flags&Template != 0 {
			f.tab.Invalidate(r.c)
			r.path = r.c.Path
		} else if f.tab.Assure(r.c); r.parent != nil && r.parent.c.State != Assured {
			f.t.Fatal("not assured")
		}
	case 5:
		f.tab.ExpireNow(r.c, f.now)
		r.doomed = true
	case 6:
		f.tab.ExpireWhole(r.c, f.now)
		r.doomed = true
	case 7:
		f.tab.Touch(r.c, f.now)
	default:
		f.now += time.Duration(f.IntN(40_000)) * time.Millisecond
		f.expire()
	}
}

// expire looks that nobody ends before his time or before his children, and
// that nobody stays without a reason.
func (f *family) expire() {
	f.tab.Expire(f.now, func(c *Conn) {
		i := slices.IndexFunc(f.kids, func(r *relative) bool { return r.c == c })
		if i < 0 {
			f.t.Fatal("who ended was not there")
		}
		r := f.kids[i]
		if c.Path != r.path {
			f.t.Fatalf("%v is not itself any more", r.path)
		}
		if f.children(r) > 0 {
			f.t.Fatalf("%v ended before its children", c.Client)
		}
		if !r.doomed && c.due > f.now && c.Timeout > 0 {
			f.t.Fatalf("%v ended with %v left", c.Client, c.due-f.now)
		}
		f.kids = slices.Delete(f.kids, i, i+1)
	})
	for _, r := range f.kids {
		r.doomed = false // it was spared
		if r.c.due+resolution <= f.now {
			f.t.Fatalf("%v is there %v after its time, with %d children", r.c.Client, f.now-r.c.due, f.children(r))
		}
		if got, want := f.tab.Children(r.c), f.children(r); got != want {
			f.t.Fatalf("%d children, want %d", got, want)
		}
		if p := f.tab.Parent(r.c); (p == nil) != (r.parent == nil) || p != nil && p != r.parent.c {
			f.t.Fatal("another parent")
		}
	}
	if len(f.kids) != f.tab.Len() {
		f.t.Fatalf("%d in the table, want %d", f.tab.Len(), len(f.kids))
	}
}

// Over random lives, parents outlive their children, and everybody ends.
func TestFamilies(t *testing.T) {
	for seed := range uint64(100) {
		f := family{t: t, Rand: rand.New(rand.NewPCG(seed, 8)), tab: newTable(24)}
		for range 1500 {
			f.step()
		}
		f.tab.wellLinked(t)
		f.now += time.Hour
		f.expire()
		if f.now += time.Hour; f.tab.Len() > 0 {
			f.expire()
		}
		if n := f.tab.Len(); n != 0 {
			t.Fatalf("seed %d: %d are left for ever", seed, n)
		}
	}
}
