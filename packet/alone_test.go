// SPDX-License-Identifier: Apache-2.0

package packet

import "testing"

// The datagrams out of a super-frame are those that the same lines draw.
func TestAlone(t *testing.T) {
	for _, c := range []struct{ super, first, last string }{
		{"198.51.100.7:1 > 192.0.2.1:2 udp gso 100 len 250 partial id 7", "198.51.100.7:1 > 192.0.2.1:2 udp len 100 id 7", "198.51.100.7:1 > 192.0.2.1:2 udp len 50 id 9"},
		{"[2001:db8::7]:1 > [2001:db8::1]:2 udp gso 100 len 250 partial", "[2001:db8::7]:1 > [2001:db8::1]:2 udp len 100", "[2001:db8::7]:1 > [2001:db8::1]:2 udp len 50"},
	} {
		var p Packet
		if err := p.FromText(c.super); err != nil {
			t.Fatal(err)
		}
		headers := p.SegLen() - int(p.Offload.Seg)
		body := p.Buf[p.L3+headers : p.End]
		for i, want := range map[int]string{0: c.first, 2: c.last} {
			d := Packet{Buf: make([]byte, 512), Off: Headroom}
			n := copy(d.Buf[d.Off:], p.Buf[p.Off:p.L3+headers])
			n += copy(d.Buf[d.Off+n:], body[i*100:min(i*100+100, len(body))])
			d.End = d.Off + n
			d.Alone(&p, i)
			q := Packet{Buf: d.Buf, Off: d.Off, End: d.End, ToUs: true}
			if why := q.Parse(); why != None {
				t.Fatal(why)
			}
			if err := q.Like(want); err != nil {
				t.Errorf("%s, datagram %d: %v", c.super, i, err)
			}
			if !q.Sound() || slowSum(q.Buf[q.L4:q.End], q.pseudo(q.End-q.L4)) != 0xffff {
				t.Errorf("%s, datagram %d: its checksum is wrong", c.super, i)
			}
		}
	}
}

func TestSound(t *testing.T) {
	for line, want := range map[string]bool{
		"198.51.100.7:1 > 192.0.2.1:2 tcp S":                     true,
		"198.51.100.7:1 > 192.0.2.1:2 tcp S sum bad":             false,
		"198.51.100.7:1 > 192.0.2.1:2 udp sum bad":               false,
		"198.51.100.7 > 192.0.2.1 icmp echo-request sum bad":     false,
		"198.51.100.7 > 192.0.2.1 icmp echo-request":             true,
		"198.51.100.7:1 > 192.0.2.1:2 sctp INIT":                 true,
		"198.51.100.7:1 > 192.0.2.1:2 sctp INIT sum bad":         false,
		"198.51.100.7:1 > 192.0.2.1:2 sctp INIT sum bad frag 0+": true,
		"198.51.100.7:1 > 192.0.2.1:2 tcp S partial":             true,
	} {
		var p Packet
		if err := p.FromText(line); err != nil {
			t.Fatal(line, err)
		}
		if p.Sound() != want {
			t.Errorf("%s: sound is %v", line, !want)
		}
	}
}
