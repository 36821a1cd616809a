// SPDX-License-Identifier: Apache-2.0

package packet

import (
	"net/netip"
	"testing"
)

// The news goes to all nodes, with the override flag and without solicited
// (RFC 4861 §4.4, §7.2.6), and its checksum holds.
func TestUnsolicitedAdvert(t *testing.T) {
	target, mac := AddrFrom(netip.MustParseAddr("2001:db8::1")), MAC{2, 0, 0, 0, 0, 9}
	p := Packet{Buf: make([]byte, 256), Off: Headroom, End: Headroom}
	UnsolicitedAdvert(&p, mac, target)
	q := Packet{Buf: p.Buf, Off: p.Off, End: p.End}
	if why := q.Parse(); why != None {
		t.Fatal(why)
	}
	n, ok := q.ND()
	if !ok || n.IsSolicit() || n.Target() != target || q.DstMAC() != (MAC{0x33, 0x33, 0, 0, 0, 1}) {
		t.Fatalf("made %s", q.Text())
	}
	if who, told, ok := n.Tells(); !ok || who != target || told != mac {
		t.Errorf("tells %v %v %v", who, told, ok)
	}
	if flags := q.Buf[q.L4+4]; flags != 0x20 {
		t.Errorf("flags %#x, want override alone", flags)
	}
	if !q.ICMPGood() {
		t.Error("the checksum is wrong")
	}
}
