// SPDX-License-Identifier: Apache-2.0

package packet

import "testing"

// Lines that are canonical already: reading and wording them changes nothing.
var canonical = []string{
	"198.51.100.7:1234 > 192.0.2.1:80 tcp S",
	"198.51.100.7:1234 > 192.0.2.1:80 tcp SA seq 7 ack 8 [mss 1460, sackok, ts 1 0, nop, wscale 7]",
	"198.51.100.7:1234 > 192.0.2.1:80 tcp",
	"198.51.100.7:1234 > 192.0.2.1:80 tcp PA len 30000 gso 1448",
	"198.51.100.7:1234 > 192.0.2.1:80 tcp PA len 30000 gso 1448 full",
	"198.51.100.7:1234 > 192.0.2.1:80 udp len 5 sum bad ttl 1 tos 0x10 df id 7",
	`198.51.100.7:1234 > 192.0.2.1:80 udp data "hello" sum none`,
	"198.51.100.7:1234 > 192.0.2.1:80 udp frag 0+ len 1472 id 9",
	"198.51.100.7 > 192.0.2.1 udp frag 1480+ len 1480 id 9",
	"198.51.100.7 > 192.0.2.1 icmp frag 2960 len 20 id 9",
	"198.51.100.7:1234 > 192.0.2.1:80 udp len 5 partial vlan 100 mark 0x10",
	"198.51.100.7:0 > 192.0.2.1:80 sctp len 8 sum bad",
	"198.51.100.7:1234 > 192.0.2.1:9 sctp INIT",
	"198.51.100.7:1234 > 192.0.2.1:9 sctp INIT tag 0x1234 len 8",
	`198.51.100.7:1234 > 192.0.2.1:9 sctp COOKIE-ECHO:101 SACK DATA data "hello" sum bad ttl 3`,
	"192.0.2.1:9 > 198.51.100.7:1234 sctp COOKIE-ACK ABORT",
	"192.0.2.1:9 > 198.51.100.7:1234 sctp 193:8 SHUTDOWN",
	"198.51.100.7:1234 > 192.0.2.1:9 sctp len 65503",
	`[2001:db8::7]:1234 > [2001:db8::1]:9 sctp data "\x06\x00\x00\x03"`,
	"[2001:db8::7]:1234 > [2001:db8::1]:9 sctp INIT frag 0+ id 7",
	"198.51.100.7 > 192.0.2.1 sctp frag 1480+ len 1480 id 9",
	"198.51.100.7 > 192.0.2.1 proto 47 len 8",
	"198.51.100.7 > 192.0.2.1 icmp echo-request seq 2 ident 1 len 8",
	"192.0.2.1 > 198.51.100.7 icmp port-unreachable { 198.51.100.7:5 > 192.0.2.1:7 udp }",
	"192.0.2.1 > 198.51.100.7 icmp port-unreachable { 198.51.100.7:5 > 192.0.2.1:9 sctp INIT len 4 }",
	"192.0.2.1 > 198.51.100.7 icmp frag-needed { 198.51.100.7:5 > 192.0.2.1:9 sctp len 1016 df } mtu 900",
	"192.0.2.1 > 198.51.100.7 icmp frag-needed { 198.51.100.7:5 > 192.0.2.1:7 tcp A len 1460 df } mtu 1400",
	"192.0.2.1 > 198.51.100.7 icmp 3/13 { 198.51.100.7 > 192.0.2.1 udp frag 8+ len 20 ttl 3 } sum bad",
	"[2001:db8::7]:1234 > [2001:db8::1]:80 tcp FA mac 02:00:00:00:00:0a > 02:00:00:00:00:0b",
	"[2001:db8::7]:1234 > [2001:db8::1]:80 udp frag 0+ len 100 id 70000",
	"2001:db8::7 > 2001:db8::1 udp frag 1448 len 100 id 70000",
	"[2001:db8::7]:1234 > [2001:db8::1]:80 udp len 5000 gso 1200",
	"2001:db8::1 > 2001:db8::7 icmp6 too-big { [2001:db8::7]:1234 > [2001:db8::1]:80 tcp A len 1900 } mtu 1400",
	"2001:db8::1 > 2001:db8::7 icmp6 echo-reply seq 1 ident 9 not-to-us",
	"arp who-has 192.0.2.1 tell 192.0.2.254",
	"arp who-has 192.0.2.1 tell 192.0.2.254 mac 02:00:00:00:00:01 > 02:00:00:00:00:02",
	"arp 192.0.2.1 is-at 02:00:00:00:00:09 tell 192.0.2.254",
	"arp 192.0.2.1 is-at 02:00:00:00:00:09",
	"nd who-has 2001:db8::1 tell 2001:db8::7",
	"nd who-has 2001:db8::1",
	"nd 2001:db8::1 is-at 02:00:00:00:00:09 tell 2001:db8::7",
	"nd 2001:db8::1 is-at 02:00:00:00:00:09",
	"type 0x88cc len 46",
}

func TestTextCanonical(t *testing.T) {
	for _, line := range canonical {
		var p Packet
		if err := p.FromText(line); err != nil {
			t.Errorf("%v", err)
		} else if got := p.Text(); got != line {
			t.Errorf("%q\nworded %q", line, got)
		}
	}
}

// What FromText cannot draw, it refuses with a word about why.
func TestTextRefuses(t *testing.T) {
	for _, line := range []string{
		"", "1.2.3.4", "1.2.3.4:1 > 5.6.7.8:2", "1.2.3.4:1 > 5.6.7.8:2 tpc", "1.2.3.4:1 > 5.6.7.8:2 tcp X",
		"1.2.3.4:1 > [::1]:2 tcp S", "1.2.3.4:1 > 5.6.7.8:2 icmp echo-request", "1.2.3.4 > 5.6.7.8 icmp nonsense",
		"1.2.3.4:1 > 5.6.7.8:2 tcp S ttl 256", "1.2.3.4:1 > 5.6.7.8:2 tcp S ttl", "1.2.3.4:1 > 5.6.7.8:2 udp frag 7+",
		"1.2.3.4:1 > 5.6.7.8:2 udp frag 8+", "1.2.3.4:1 > 5.6.7.8:2 udp frag 0", "1.2.3.4:1 > 5.6.7.8:2 udp [mss 5]",
		"1.2.3.4:1 > 5.6.7.8:2 tcp [mss", `1.2.3.4:1 > 5.6.7.8:2 udp data "x`, "1.2.3.4:1 > 5.6.7.8:2 tcp sum none",
		"1.2.3.4 > 5.6.7.8 icmp port-unreachable { 1.2.3.4:1 > 5.6.7.8:2 udp", "1.2.3.4 > 5.6.7.8 icmp port-unreachable { ::1 > ::2 udp }",
		"arp who-has ::1", "nd who-has 1.2.3.4", "arp 1.2.3.4 is-at 5", "type 0x806 len 5", "1.2.3.4:1 > 5.6.7.8:2 udp len 65530",
		"[::1]:1 > [::ffff:1.2.3.4]:2 udp", "[::1]:1 > [::2]:2 udp df", "1.2.3.4:1 > 5.6.7.8:2 tcp }",
		"1.2.3.4:1 > 5.6.7.8:2 sctp DATA:5", "1.2.3.4:1 > 5.6.7.8:2 sctp INITIAL", "1.2.3.4:1 > 5.6.7.8:2 sctp DATA:65536 DATA",
		"1.2.3.4:1 > 5.6.7.8:2 sctp 256", "1.2.3.4:1 > 5.6.7.8:2 sctp DATA:40000 DATA:40000 DATA", "1.2.3.4 > 5.6.7.8 sctp INIT frag 8+",
		"1.2.3.4:1 > 5.6.7.8:2 sctp DATA len 65500", "1.2.3.4:1 > 5.6.7.8:2 udp INIT",
	} {
		var p Packet
		if err := p.FromText(line); err == nil {
			t.Errorf("%q: drawn as %q", line, p.Text())
		} else if err.Error() == "" {
			t.Errorf("%q: refused without a word", line)
		}
	}
}

// FuzzText: the wording of what was drawn is canonical.
func FuzzText(f *testing.F) {
	for _, line := range canonical {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var p, again Packet
		if p.FromText(line) != nil {
			return
		}
		text := p.Text()
		if err := again.FromText(text); err != nil {
			t.Fatalf("%q is worded %q: %v", line, text, err)
		}
		if got := again.Text(); got != text {
			t.Fatalf("%q is worded\n%q, and that\n%q", line, text, got)
		}
	})
}
