// SPDX-License-Identifier: Apache-2.0

package packet

import "testing"

func TestLike(t *testing.T) {
	const tcp = "198.51.100.7:1234 > 192.0.2.1:80 tcp S"
	const sctp = "198.51.100.7:1234 > 192.0.2.1:9 sctp "
	const unreachable = "192.0.2.1 > 198.51.100.7 icmp port-unreachable"
	const quoting = unreachable + " { 198.51.100.7:5 > 192.0.2.1:7 udp len 5 ttl 63 } tos 0xc0"
	for _, c := range []struct {
		got, want string
		like      bool
	}{
		{tcp, tcp, true},
		{tcp + " ttl 63 df id 7 seq 9 [mss 1460] vlan 7 mac 02:00:00:00:00:09 > 02:00:00:00:00:0a not-to-us", tcp, true},
		{tcp, tcp + " df", false},
		{tcp + " ttl 63", tcp + " ttl 63", true},
		{tcp + " ttl 62", tcp + " ttl 63", false},
		{tcp + "A", tcp, false},
		{tcp + " sum bad", tcp, false},
		{tcp, "198.51.100.7:1234 > 192.0.2.1:81 tcp S", false},
		{tcp, "198.51.100.7:1234 > 192.0.2.1:80 udp", false},
		{tcp + ` data "abc"`, tcp + ` data "abd"`, false},
		{tcp + ` data "abc"`, tcp + ` data "abc"`, true},
		{tcp + ` len 3`, tcp + ` len 4`, false},
		{tcp + " [mss 1460]", tcp + " [mss 1461]", false},
		{tcp + " mac 02:00:00:00:00:09 > 02:00:00:00:00:0a", tcp + " mac 02:00:00:00:00:09 > 02:00:00:00:00:0a", true},
		{tcp, tcp + " mac 02:00:00:00:00:09 > 02:00:00:00:00:0a", false},
		{quoting, unreachable, true},
		{quoting, unreachable + " { 198.51.100.7:5 > 192.0.2.1:7 udp }", true},
		{quoting, unreachable + " { 198.51.100.7:5 > 192.0.2.1:8 udp }", false},
		{quoting, unreachable + " { 198.51.100.7:5 > 192.0.2.1:7 udp ttl 62 }", false},
		{quoting, "192.0.2.1 > 198.51.100.7 icmp host-unreachable", false},
		{sctp + "INIT tag 7 len 8", sctp + "INIT", true},
		{sctp + "INIT", sctp + "INIT-ACK", false},
		{sctp + "INIT", sctp, false},
		{sctp + "COOKIE-ECHO:9 DATA", sctp + "COOKIE-ECHO DATA", true},
		{sctp + "COOKIE-ECHO", sctp + "COOKIE-ECHO DATA", false},
		{sctp + "INIT tag 7", sctp + "INIT tag 8", false},
		{sctp + `DATA data "a"`, sctp + `DATA data "b"`, false},
		{"arp who-has 192.0.2.1 tell 192.0.2.254", "arp who-has 192.0.2.1", true},
		{"arp who-has 192.0.2.1 tell 192.0.2.254", "arp who-has 192.0.2.2", false},
	} {
		if err := must(t, c.got).Like(c.want); (err == nil) != c.like {
			t.Errorf("%s\nlike %s: %v", c.got, c.want, err)
		}
	}
}
