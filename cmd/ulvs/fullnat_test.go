// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// fullNATWorld has its real servers behind a router, each in a subnet of its
// own, with a route to the director's subnet and none to the client:
//
//	client ──── director ──── router ─┬─ s1  10.77.1.10
//	 .9     .100       .100    .1     └─ s2  10.77.2.10
//	172.25.254.0/24   192.168.0.0/24
//
// and the same in IPv6: fd00:c::/64, fd00:d::/64, fd00:77:1::/64, fd00:77:2::/64.
func fullNATWorld(t *testing.T) *world {
	w := newWorld(t, "c", "d", "r", "s1", "s2")
	join := func(a, ifa, addrA, b, ifb, addrB, net4, net6 string) {
		w.link(a, ifa, b, ifb)
		for host, at := range map[string][2]string{a: {ifa, addrA}, b: {ifb, addrB}} {
			w.addr(host, at[0], net4+at[1]+"/24")
			w.addr(host, at[0], net6+at[1]+"/64")
		}
	}
	join("c", "eth0", "9", "d", "eth0", "100", "172.25.254.", "fd00:c::")
	join("d", "eth1", "100", "r", "eth0", "1", "192.168.0.", "fd00:d::")
	w.sysctl("r", "net.ipv4.ip_forward", "1")
	w.sysctl("r", "net.ipv6.conf.all.forwarding", "1")
	w.must("d", "ip", "route", "add", "10.77.0.0/16", "via", "192.168.0.1")
	w.must("d", "ip", "route", "add", "fd00:77::/32", "via", "fd00:d::1")
	w.must("c", "ip", "route", "add", "default", "via", "172.25.254.100")
	for _, n := range []string{"1", "2"} {
		s := "s" + n
		join("r", "eth"+n, "1", s, "eth0", "10", "10.77."+n+".", "fd00:77:"+n+"::")
		w.must(s, "ip", "route", "add", "192.168.0.0/24", "via", "10.77."+n+".1")
		w.must(s, "ip", "route", "add", "fd00:d::/64", "via", "fd00:77:"+n+"::1")
		w.sysctl(s, "net.ipv4.conf.all.rp_filter", "1")
		w.start(s, "server", nil, strings.ToUpper(s), filepath.Join(w.dir, "file"))
	}
	return w
}

// lines are the commands for the service that VIP and servers make, on TCP port
// 80 and UDP port 7.
func fullNATLines(vip, locals string, servers ...string) (lines []string) {
	for _, service := range []string{"-t " + vip + ":80", "-u " + vip + ":7", "-u " + vip + ":9"} {
		lines = append(lines, "-A "+service+" -s rr --local-address "+locals)
		for _, s := range servers {
			lines = append(lines, "-a "+service+" -r "+s+service[strings.LastIndex(service, ":"):]+" --fullnat")
		}
	}
	return lines
}

// TestFullNAT: servers without a route to the client answer it, whoever holds
// the VIP and the local address; and the director's own way to the servers is as
// it was.
func TestFullNAT(t *testing.T) {
	const vip = "172.25.254.200"
	for _, local := range []struct{ name, addrs string }{
		{"local addresses of nobody", "192.168.0.201-192.168.0.202"}, {"the director's own address", "192.168.0.100"},
	} {
		for _, h := range holdings {
			t.Run(local.name+", "+h.name, func(t *testing.T) {
				t.Parallel()
				w := fullNATWorld(t)
				if h.held {
					w.addr("d", "eth0", vip+"/32")
					w.sysctl("d", "net.ipv4.ip_forward", "1")
				}
				w.director(fullNATLines(vip, local.addrs, "10.77.1.10", "10.77.2.10")...)
				if out, err := w.try("s1", "ping", "-c1", "-W1", cip); err == nil {
					t.Fatalf("the server has a route to the client:\n%s", out)
				}
				quiet := w.watch("c", "inbound and (tcp[tcpflags] & tcp-rst != 0 or icmp)")
				w.alternates(vip)
				w.echoes(vip)
				for range 3 { // the host's own
					if got := w.must("d", "curl", "-sS", "--max-time", "5", "http://10.77.1.10/"); got != "S1\n" {
						t.Errorf("the director itself got %q", got)
					}
				}
				quiet.none(t)
				w.refuses(vip)
				w.fragments(vip)
			})
		}
	}
}

// refuses sends to a port that no server listens on: the client is told, by the
// VIP, about its own packet.
func (w *world) refuses(vip string) {
	w.t.Helper()
	seen := w.watch("c", "icmp")
	if seen == nil {
		return
	}
	_, _ = w.try("c", "bash", "-c", "exec 3<>/dev/udp/"+vip+"/9; echo x >&3; read -t 2 <&3")
	w.wait("the ICMP error", func() bool { return strings.Contains(seen.out.String(), "unreachable") })
	if out := seen.stop(); !strings.Contains(out, vip+" > "+cip+": ICMP "+vip+" udp port 9 unreachable") {
		w.t.Errorf("the client heard %s", out)
	}
}

// fragments wants a datagram in pieces back.
func (w *world) fragments(vip string) {
	w.t.Helper()
	out := w.must("c", "bash", "-c", "exec 3<>/dev/udp/"+vip+"/7; head -c 4000 /dev/zero >&3; timeout 5 head -c 4000 <&3 | wc -c")
	if strings.TrimSpace(out) != "4000" {
		w.t.Errorf("a fragmented datagram came back with %q bytes, want 4000\n%s", out, w.mustUlvs("status"))
	}
}

// TestFullNAT6 is the same in IPv6, as far as curl goes.
func TestFullNAT6(t *testing.T) {
	t.Parallel()
	w := fullNATWorld(t)
	for _, local := range []string{"fd00:d::201", "fd00:d::100"} {
		vip := "[fd00:c::" + strings.TrimPrefix(local, "fd00:d::") + "0]"
		w.must("d", "ip", "addr", "add", strings.Trim(vip, "[]")+"/128", "dev", "eth0", "nodad")
		if local == "fd00:d::201" {
			w.director()
		}
		for _, l := range fullNATLines(vip, local, "[fd00:77:1::10]", "[fd00:77:2::10]") {
			w.mustUlvs(append([]string{"ipvsadm"}, strings.Fields(l)...)...)
		}
		for _, want := range []string{"S2\n", "S1\n"} {
			if got := w.must("c", "curl", "-sS", "-g", "--max-time", "5", "http://"+vip+"/"); got != want {
				t.Errorf("from %s: %q, want %q\n%s", local, got, want, w.mustUlvs("status"))
			}
		}
	}
}

// TestFullNATBulk: downloads and uploads arrive whole, with offloads on.
func TestFullNATBulk(t *testing.T) {
	const vip, size = "172.25.254.200", 20 << 20
	w := fullNATWorld(t)
	file := w.dir + "/file"
	w.must("", "bash", "-c", fmt.Sprintf("head -c %d /dev/urandom > %s", size, file))
	sum := strings.Fields(w.must("", "sha256sum", file))[0]
	w.director(fullNATLines(vip, "192.168.0.201", "10.77.1.10")...)
	down := w.must("c", "bash", "-c", "curl -sS --max-time 60 http://"+vip+"/file | sha256sum")
	if strings.Fields(down)[0] != sum {
		t.Errorf("the download's sum is %s, want %s\n%s", down, sum, w.mustUlvs("status"))
	}
	up := w.must("c", "curl", "-sS", "--max-time", "60", "-H", "Expect:", "-X", "POST", "-T", file, "http://"+vip+"/upload")
	if want := fmt.Sprintf("%d %s\n", size, sum); up != want {
		t.Errorf("the upload arrived as %q, want %q\n%s", up, want, w.mustUlvs("status"))
	}
}
