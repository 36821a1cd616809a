// SPDX-License-Identifier: Apache-2.0

package conntrack

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/ulvs/ulvs/packet"
)

// length is how many nodes a packet, or the search for a template, may walk.
func (t *Table) length(head *uint32) (n int) {
	for node := *head; node != 0; node = t.conns[node>>1].next[node&1] {
		n++
	}
	return n
}

// wellLinked looks whether each node knows the one before it: else the end of a
// connection would cost a walk, or worse.
func (t *Table) wellLinked(tb testing.TB) {
	tb.Helper()
	for i := range t.index.heads {
		before := uint32(0)
		for node := t.index.heads[i]; node != 0; node = t.conns[node>>1].next[node&1] {
			if got := t.kin[node>>1].before[node&1]; got != before {
				tb.Fatalf("node %d stands behind %d, and believes behind %d", node, before, got)
			}
			before = node
		}
	}
}

// Floods are what one sender can do to make connections alike.
var floods = map[string]func(i int) (New, []byte){
	"from port 0, nat": func(int) (New, []byte) { return nat(packet.ProtoUDP, 0), nil },
	"from port 0, dr":  func(int) (New, []byte) { return direct(packet.ProtoUDP, 0), nil },
	"from port 0 to port 0": func(int) (New, []byte) {
		n := direct(packet.ProtoUDP, 0)
		n.Virtual.Port, n.Server.Port = 0, 0
		return n, nil
	},
	"from one port to all": func(i int) (New, []byte) {
		n := nat(packet.ProtoTCP, 1000)
		n.Virtual.Port, n.Server.Port = uint16(i), uint16(i)
		return n, nil
	},
	"calls": func(i int) (New, []byte) {
		n := nat(packet.ProtoUDP, 0)
		n.Flags = Template
		return n, binary.LittleEndian.AppendUint32(nil, uint32(i))
	},
}

// No flood makes the way to a connection or template long.
func TestFloods(t *testing.T) {
	const many = 4_000
	for name, flood := range floods {
		tab, longest := newTable(many), 0
		for i := range many {
			n, call := flood(i)
			f := in(n)
			if c, _ := tab.Lookup(&f); c != nil || len(call) > 0 && tab.Template(&n, call) != nil {
				t.Fatalf("%s: %d is there before it was made", name, i)
			}
			longest = max(longest, tab.length(tab.index.head(f.Proto, &f.Src, &f.Dst)))
			longest = max(longest, tab.length(tab.index.template(n.Proto, &n.Local, &n.Virtual)))
			c := insert(t, tab, n, time.Duration(i)*time.Microsecond)
			tab.Recall(c, call)
		}
		tab.wellLinked(t)
		if longest > 16 {
			t.Errorf("%s: a packet walks past %d others", name, longest)
		}
		for tab.Len() > 0 {
			tab.Expire(time.Hour, ignore)
			tab.wellLinked(t)
		}
	}
}

// A template is found beside a flood of its own client's from port 0.
func TestTemplateBesideFlood(t *testing.T) {
	tab, n := newTable(2000), nat(packet.ProtoUDP, 0)
	key := n
	key.Flags = Template
	c := insert(t, tab, key, 0)
	for range 1999 {
		insert(t, tab, n, 0)
	}
	if tab.Template(&key, nil) != c {
		t.Error("it is not found")
	}
	if l := tab.length(tab.index.template(key.Proto, &key.Local, &key.Virtual)); l != 1 {
		t.Errorf("it stands among %d", l)
	}
	for f, want := range map[packet.Flow]*Conn{in(n): nil, out(n): &tab.conns[2000]} {
		if got, _ := tab.Lookup(&f); got != want {
			t.Errorf("%v: %p, want the newest that replies reach, %p", f, got, want)
		}
	}
}
