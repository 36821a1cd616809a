// SPDX-License-Identifier: Apache-2.0

package sched

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"

	"github.com/ulvs/ulvs/packet"
)

func flow(client string) packet.Flow {
	return packet.Flow{Src: packet.EndpointFrom(netip.MustParseAddrPort(client)), Proto: packet.ProtoUDP}
}

// Slots that an independent model computed; the recordings of testdata hold
// what a kernel made of them.
func TestHashSlots(t *testing.T) {
	for _, v := range []struct {
		client   string
		sh, dh   uint32
		lblcSlot uint32
	}{
		{"10.0.0.1:0", 39, 39, 159},
		{"10.0.0.2:0", 137, 137, 550},
		{"192.0.2.1:0", 50, 50, 203},
		{"192.0.2.1:40000", 214, 50, 203},
		{"198.51.100.7:12345", 9, 171, 684},
		{"0.0.0.0:0", 0, 0, 0},
		{"255.255.255.255:1", 0, 158, 632},
		{"[2001:db8::1]:0", 63, 63, 252},
		{"[fd00::10]:0", 71, 71, 286},
	} {
		f := flow(v.client)
		if got := hash32(client(&f, true), shBits); got != v.sh {
			t.Errorf("%s: sh slot %d, want %d", v.client, got, v.sh)
		}
		if got := hash32(client(&f, false), dhBits); got != v.dh {
			t.Errorf("%s: dh slot %d, want %d", v.client, got, v.dh)
		}
		if got := bucketOf(&f.Src.Addr); got != v.lblcSlot {
			t.Errorf("%s: bucket %d, want %d", v.client, got, v.lblcSlot)
		}
	}
	f := flow("192.0.2.1:40000")
	if f.Proto = packet.ProtoICMP; hash32(client(&f, true), shBits) != 50 {
		t.Error("a protocol without ports has one")
	}
}

// The fill of sh: adds A, then B, so that the list is B A.
func TestSHFill(t *testing.T) {
	for _, v := range []struct {
		a, b int
		want string
	}{{2, 1, "BAABAABAABA"}, {1, 0, "BABABABABAB"}, {0, 3, "BBBABBBABBB"}} {
		list := []*Server{{}, {}}
		list[0].Added(v.b, 0, 0)
		list[1].Added(v.a, 0, 0)
		s := new(sh)
		s.Update(list, Change{})
		var got strings.Builder
		for _, at := range s.slots[:len(v.want)] {
			got.WriteByte("BA"[at])
		}
		if got.String() != v.want {
			t.Errorf("A%d B%d: %s, want %s", v.a, v.b, got.String(), v.want)
		}
	}
}

// The check value stands in the reference test of the kernel's hash.
func TestSipHash(t *testing.T) {
	if got := (sipKey{0x0706050403020100, 0x0f0e0d0c0b0a0908}).sum(0x03020100); got != 0x88d38328 {
		t.Errorf("got %#x", got)
	}
	for _, v := range []struct {
		server        string
		first, second uint32
		at, step      uint32
	}{
		{"10.0.0.1:80", 0x439c0cbe, 0x97b3dc47, 3167, 700},
		{"10.0.0.2:80", 0xa1cf683b, 0xfa5d46df, 1231, 3544},
		{"10.0.0.3:80", 0x2cdf0afa, 0xedeb33d0, 1631, 3453},
		{"192.168.1.100:8080", 0x46dfebc3, 0x09191dad, 2108, 1158},
		{"0.0.0.0:0", 0x1d5a77c2, 0xf882433f, 2495, 860},
	} {
		f := flow(v.server)
		n := client(&f, true)
		if a, b := mhFirst.sum(n), mhSecond.sum(n); a != v.first || b != v.second {
			t.Errorf("%s: %#x, %#x", v.server, a, b)
		}
		w := walkerOf(&Server{Addr: netip.MustParseAddrPort(v.server)}, 0)
		if w != (walker{v.at, v.step, 0}) {
			t.Errorf("%s: walker %v", v.server, w)
		}
	}
}

// Tables of three servers, added in the order 10.0.0.1, .2, .3, as an
// independent model computed them.
func TestMHTables(t *testing.T) {
	for _, v := range []struct {
		weights string // of .3, .2, .1
		slots   [3]int
		first   string // the last digits of the first slots' servers
		sum     string
	}{
		{"\x01\x01\x01", [3]int{1365, 1364, 1364}, "1223312331122113", "01a891fc2a6a90c5"},
		{"\x03\x02\x01", [3]int{2047, 1364, 682}, "3223332331122213", "8fc070212cc6fba6"},
	} {
		s := mhOf(v.weights)
		var slots [3]int
		var first strings.Builder
		table := make([]byte, mhSize)
		for i, at := range s.slots {
			table[i] = byte(at)
			slots[at]++
			if i < len(v.first) {
				first.WriteByte("321"[at])
			}
		}
		sum := sha256.Sum256(table)
		if slots != v.slots || first.String() != v.first || hex.EncodeToString(sum[:8]) != v.sum {
			t.Errorf("%x: slots %v, %s, sum %x", v.weights, slots, first.String(), sum)
		}
		for client, want := range map[string]int{"192.0.2.1:0": 0, "192.0.2.2:0": 1, "198.51.100.7:0": 2} {
			if got := s.Pick(Request{Flow: flow(client)}); got != s.servers[want] {
				t.Errorf("%x: %s goes to %v", v.weights, client, got.Addr)
			}
		}
	}
}

// mhOf is mh with servers .3 .2 .1 of these weights.
func mhOf(weights string) *mh {
	var list []*Server
	for i, w := range []byte(weights) {
		d := &Server{Addr: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 0, byte(len(weights) - i)}), 80)}
		d.Added(int(w), 0, 0)
		list = append(list, d)
	}
	s := new(mh)
	s.Update(list, Change{})
	return s
}

// An edit to weight 0 moves nobody; to leave and return with weight 0 does.
func TestMHLastWeight(t *testing.T) {
	s := mhOf("\x01\x01\x01")
	before := s.slots
	d := s.servers[1]
	d.Edited(0, 0, 0)
	s.Update(s.servers, Change{Edit, d})
	if s.slots != before {
		t.Error("the table is another after an edit to weight 0")
	}
	d.Added(0, 0, 0)
	s.Update(s.servers, Change{Add, d})
	for _, at := range s.slots {
		if at == 1 {
			t.Fatal("who was added with weight 0 has a slot")
		}
	}
}

// With more servers than slots the table stays, without who left.
func TestMHTooMany(t *testing.T) {
	s := mhOf("\x01\x01\x01")
	many := make([]*Server, mhSize+1)
	for i := range many {
		many[i] = &Server{}
	}
	s.Update(many, Change{Add, many[0]})
	gone := s.servers[0]
	s.Update(many, Change{Del, gone})
	if s.Pick(Request{Flow: flow("192.0.2.1:0")}) != nil {
		t.Error("the server that left is picked")
	}
	if s.Pick(Request{Flow: flow("192.0.2.2:0")}) != s.servers[1] {
		t.Error("the table did not stay")
	}
}

// Nearly the shares that weights ask for, also where they are too large for as
// many turns in a row (Maglev, section 3.4).
func TestMHShares(t *testing.T) {
	s := mhOf("\xff\x7f\x01")
	var slots [3]int
	for _, at := range s.slots {
		slots[at]++
	}
	// 255, 127 and 1 have no common divisor, and 8 bits: shifted by 2 they are
	// 63, 31 and, as nobody goes without, 1: 95 a round, and so 43 rounds and a bit.
	for i, turns := range []int{63, 31, 1} {
		if slots[i] < 43*turns || slots[i] > 44*turns {
			t.Errorf("server %d has %d slots, want 43 or 44 times %d", i, slots[i], turns)
		}
	}
}
