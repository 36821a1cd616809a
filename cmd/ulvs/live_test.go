// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// how a VIP can be held: by the director's interface, with ip_forward on, as
// every tutorial does it; or by nobody, with ip_forward off.
var holdings = []struct {
	name string
	held bool
}{{"vip on the interface, ip_forward=1", true}, {"vip on no interface, ip_forward=0", false}}

// TestNAT: the tutorial's commands for NAT, with real curl.
func TestNAT(t *testing.T) {
	const vip = "172.25.254.200"
	for _, h := range holdings {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			w := natWorld(t, vip, h.held)
			w.director("-A -t "+vip+":80 -s rr", "-a -t "+vip+":80 -r "+rs1+":80 -m", "-a -t "+vip+":80 -r "+rs2+":80 -m",
				"-A -u "+vip+":7 -s rr", "-a -u "+vip+":7 -r "+rs1+":7 -m")
			quiet := w.watch("c", "inbound and (tcp[tcpflags] & tcp-rst != 0 or icmp)")
			w.alternates(vip)
			w.echoes(vip)
			w.lists(vip, "Masq")
			quiet.none(t)
		})
	}
}

// TestDR: the same in mode dr, with client and servers on one segment.
func TestDR(t *testing.T) {
	const vip = "192.168.0.200"
	for _, h := range holdings {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			w := drWorld(t, vip, h.held)
			w.director("-A -t "+vip+":80 -s rr", "-a -t "+vip+":80 -r "+rs1, "-a -t "+vip+":80 -r "+rs2)
			quiet := w.watch("c", "inbound and (tcp[tcpflags] & tcp-rst != 0 or icmp)")
			w.alternates(vip)
			w.lists(vip, "Route")
			quiet.none(t)
		})
	}
}

// alternates asks ten times (by hand 200), and wants the two servers by turns.
func (w *world) alternates(vip string) {
	w.t.Helper()
	var got []string
	n := 10
	if os.Getenv("ULVS_TEST_LOAD") != "" {
		n = 200
	}
	for range n {
		got = append(got, strings.TrimSpace(w.must("c", "curl", "-sS", "--max-time", "5", "http://"+vip+"/")))
	}
	want := strings.Fields(strings.Repeat("S2 S1 ", n/2)) // the newest first, as the kernel
	if strings.Join(got, " ") != strings.Join(want, " ") {
		w.t.Errorf("answers %v, want %v\n%s", got, want, w.mustUlvs("status"))
	}
}

// echoes sends a datagram and wants it back.
func (w *world) echoes(vip string) {
	w.t.Helper()
	out := w.must("c", "bash", "-c", "exec 3<>/dev/udp/"+vip+"/7; echo hello >&3; timeout 5 head -n1 <&3")
	if out != "hello\n" {
		w.t.Errorf("udp echo gave %q\n%s", out, w.mustUlvs("status"))
	}
}

func (w *world) lists(vip, word string) {
	w.t.Helper()
	out := w.mustUlvs("ipvsadm", "-Ln")
	for _, want := range []string{"TCP  " + vip + ":80 rr\n", "  -> " + rs1 + ":80              " + word, "  -> " + rs2 + ":80              " + word} {
		if !strings.Contains(out, want) {
			w.t.Errorf("ipvsadm -Ln has no %q:\n%s", want, out)
		}
	}
}

// A sniffer is a tcpdump that runs until it is asked.
type sniffer struct {
	cmd *exec.Cmd
	out safeBuffer
	err safeBuffer
}

// watch captures what passes a host's eth0.
func (w *world) watch(host, filter string) *sniffer {
	w.t.Helper()
	if _, err := exec.LookPath("tcpdump"); err != nil {
		w.t.Log("no tcpdump (apt-get install tcpdump): what the client sees besides is not looked at")
		return nil
	}
	s := &sniffer{cmd: w.command(context.Background(), host, "tcpdump", "-ln", "-i", "eth0", "--immediate-mode", filter)}
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.err
	if err := s.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	w.wait("tcpdump to listen", func() bool { return strings.Contains(s.err.String(), "listening") })
	return s
}

// stop ends the capture and gives back its lines.
func (s *sniffer) stop() string {
	if s == nil {
		return ""
	}
	_ = s.cmd.Process.Signal(syscall.SIGINT)
	_ = s.cmd.Wait()
	return strings.TrimSpace(s.out.String())
}

// none wants nothing to have been captured.
func (s *sniffer) none(t *testing.T) {
	t.Helper()
	if out := s.stop(); out != "" {
		t.Errorf("the client saw what no real server caused:\n%s", out)
	}
}

// TestKilled: after kill -9 the guard is gone at once, and a new director works.
func TestKilled(t *testing.T) {
	t.Parallel()
	const vip = "172.25.254.200"
	w := natWorld(t, vip, true)
	rules := []string{"-A -t " + vip + ":80 -s rr", "-a -t " + vip + ":80 -r " + rs1 + ":80 -m", "-a -t " + vip + ":80 -r " + rs2 + ":80 -m"}
	first := w.director(rules...)
	w.alternates(vip)
	if out := w.must("d", "nft", "list", "tables"); !strings.Contains(out, "ulvs") {
		t.Fatalf("there is no guard:\n%s", out)
	}
	_ = first.Process.Signal(syscall.SIGKILL)
	w.wait("the guard to go with its director", func() bool {
		return !strings.Contains(w.must("d", "nft", "list", "tables"), "ulvs")
	})
	_ = first.Wait()
	w.director(rules...)
	w.alternates(vip)
}

// TestOwnTraffic: the director's other ports, and its own way to the real
// servers, are as if ulvs were not there.
func TestOwnTraffic(t *testing.T) {
	t.Parallel()
	const vip = "172.25.254.200"
	w := natWorld(t, vip, true)
	w.start("d", "server", nil, "DIRECTOR", "/dev/null") // on ports 80 and 8080 of all its addresses
	w.director("-A -t "+vip+":80 -s rr", "-a -t "+vip+":80 -r "+rs1+":80 -m")
	for _, c := range []struct{ host, url, want string }{
		{"c", "http://" + vip + "/", "S1"},
		{"c", "http://" + vip + ":8080/", "DIRECTOR"},
		{"c", "http://172.25.254.100/", "DIRECTOR"},
		{"d", "http://" + rs1 + "/", "S1"},
		{"d", "http://" + rs2 + "/", "S2"},
		{"s1", "http://" + dip + "/", "DIRECTOR"},
	} {
		if got := strings.TrimSpace(w.must(c.host, "curl", "-sS", "--max-time", "5", c.url)); got != c.want {
			t.Errorf("%s: curl %s gave %q, want %q", c.host, c.url, got, c.want)
		}
	}
}

// TestPassesOnce: what belongs to no service passes exactly once, with
// ip_forward=1: direct access to a real server, a fragmented reply, and an
// ICMP error of a real server.
func TestPassesOnce(t *testing.T) {
	t.Parallel()
	const vip = "172.25.254.200"
	w := natWorld(t, vip, true)
	w.director("-A -t "+vip+":80 -s rr", "-a -t "+vip+":80 -r "+rs1+":80 -m",
		"-A -u "+vip+":7 -s rr", "-a -u "+vip+":7 -r "+rs1+":7 -m")

	seen := w.watch("c", "src "+rs1)
	if seen == nil {
		t.Skip("needs tcpdump: apt-get install tcpdump")
	}
	if got := w.must("c", "curl", "-sS", "--max-time", "5", "http://"+rs1+"/"); got != "S1\n" {
		t.Errorf("direct access gave %q", got)
	}
	fragments := "exec 3<>/dev/udp/" + rs1 + "/7; head -c 4000 /dev/zero >&3; timeout 5 head -c 4000 <&3 | wc -c"
	if got := strings.TrimSpace(w.must("c", "bash", "-c", fragments)); got != "4000" {
		t.Errorf("a fragmented reply gave %q bytes, want 4000", got)
	}
	_, _ = w.try("c", "bash", "-c", "exec 3<>/dev/udp/"+rs1+"/9; echo x >&3; read -t 1 <&3")
	w.wait("the ICMP error", func() bool { return strings.Contains(seen.out.String(), "unreachable") })
	lines := strings.Split(strings.TrimSpace(seen.stop()), "\n")
	syn, udp, icmp := 0, 0, 0
	for _, l := range lines {
		_, what, _ := strings.Cut(l, " ") // without the time
		switch {
		case strings.Contains(what, "Flags [S.]"):
			syn++
		case strings.Contains(what, "ICMP"):
			icmp++
		case strings.Contains(what, "UDP") || strings.Contains(what, "proto-17"):
			udp++ // the first piece, and the later ones, which tcpdump knows by number only
		}
	}
	if syn != 1 || udp != 3 || icmp != 1 {
		t.Errorf("%d SYN-ACKs, %d pieces of the datagram, %d ICMP errors; want 1, 3, 1:\n%s\n%s", syn, udp, icmp, strings.Join(lines, "\n"), w.mustUlvs("status"))
	}
}

// TestBulk: a download and an upload arrive whole, with offloads on, however
// the VIP is held.
func TestBulk(t *testing.T) {
	const vip = "172.25.254.200"
	size := 100 << 20
	if os.Getenv("ULVS_TEST_LOAD") != "" { // by hand
		size = 1 << 30
	}
	for _, h := range holdings {
		t.Run(h.name, func(t *testing.T) {
			w := natWorld(t, vip, h.held)
			file := w.dir + "/file"
			w.must("", "bash", "-c", fmt.Sprintf("head -c %d /dev/urandom > %s", size, file))
			sum := strings.Fields(w.must("", "sha256sum", file))[0]
			w.director("-A -t "+vip+":80 -s rr", "-a -t "+vip+":80 -r "+rs1+":80 -m")
			down := w.must("c", "bash", "-c", "curl -sS --max-time 60 http://"+vip+"/file | sha256sum")
			if strings.Fields(down)[0] != sum {
				t.Errorf("the download's sum is %s, want %s\n%s", down, sum, w.mustUlvs("status"))
			}
			up := w.must("c", "curl", "-sS", "--max-time", "60", "-H", "Expect:", "-X", "POST", "-T", file, "http://"+vip+"/upload")
			if want := fmt.Sprintf("%d %s\n", size, sum); up != want {
				t.Errorf("the upload arrived as %q, want %q\n%s", up, want, w.mustUlvs("status"))
			}
			t.Logf("%d bytes each way, sha256 %s", size, sum)
		})
	}
}

// TestSecondDirector: one namespace, one director; the second says so, also if
// it listens elsewhere.
func TestSecondDirector(t *testing.T) {
	t.Parallel()
	w := natWorld(t, "172.25.254.200", true)
	w.director()
	for _, args := range [][]string{{"run"}, {"run", "--socket", "@ulvs-other"}} {
		out, err := w.ulvs(args...)
		exit, ok := err.(*exec.ExitError)
		if !ok || exit.ExitCode() != 1 || !strings.Contains(out, "another director") || strings.Count(out, "\n") != 1 {
			t.Errorf("ulvs %v ended with %v and said:\n%s", args, err, out)
		}
	}
}

// TestWrongWords: one line that says what to do, and the contract's exit code.
func TestWrongWords(t *testing.T) {
	t.Parallel()
	w := natWorld(t, "172.25.254.200", true)
	for line, want := range map[string]struct {
		code int
		says string
	}{
		"run -i eth0 -i eth0":     {2, "named twice"},
		"run -i nosuch":           {1, "nosuch"},
		"run --workers 2":         {2, "one worker"},
		"run --link xdp":          {2, "only auto and afpacket"},
		"run --rules /nosuchfile": {1, "/nosuchfile"},
		"status":                  {1, "no director"},
		"ipvsadm -Ln":             {2, "no director"},
	} {
		out, err := w.ulvs(strings.Fields(line)...)
		exit, ok := err.(*exec.ExitError)
		if !ok || exit.ExitCode() != want.code || !strings.Contains(out, want.says) || strings.Count(out, "\n") != 1 {
			t.Errorf("ulvs %s: %v, want exit %d and %q in one line:\n%s", line, err, want.code, want.says, out)
		}
	}
}

// TestPortsComeAndGo: a port that is renamed goes on working, guard and all; one
// that is deleted does not take the others along.
func TestPortsComeAndGo(t *testing.T) {
	t.Parallel()
	const vip = "172.25.254.200"
	w := natWorld(t, vip, true)
	w.must("d", "ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1")
	w.must("d", "ip", "link", "set", "v0", "up")
	w.must("d", "ip", "link", "set", "v1", "up")
	w.director("-A -t "+vip+":80 -s rr", "-a -t "+vip+":80 -r "+rs1+":80 -m", "-a -t "+vip+":80 -r "+rs2+":80 -m")
	w.alternates(vip)
	w.must("d", "ip", "link", "del", "v0")
	w.must("d", "ip", "link", "set", "eth1", "down")
	w.must("d", "ip", "link", "set", "eth1", "name", "inside")
	w.must("d", "ip", "link", "set", "inside", "up")
	w.wait("status to know the new name", func() bool { return strings.Contains(w.mustUlvs("status"), "inside up") })
	quiet := w.watch("c", "inbound and (tcp[tcpflags] & tcp-rst != 0 or icmp)")
	w.alternates(vip)
	quiet.none(t)
}

// TestDirectorCanBeWatched: tcpdump on the director sees a packet come and go.
func TestDirectorCanBeWatched(t *testing.T) {
	t.Parallel()
	const vip = "172.25.254.200"
	w := natWorld(t, vip, true)
	w.director("-A -t "+vip+":80 -s rr", "-a -t "+vip+":80 -r "+rs1+":80 -m")
	seen := w.watch("d", "tcp[tcpflags] & tcp-syn != 0")
	if seen == nil {
		t.Skip("needs tcpdump: apt-get install tcpdump")
	}
	w.must("c", "curl", "-sS", "--max-time", "5", "http://"+vip+"/")
	w.wait("both SYNs at eth0", func() bool {
		out := seen.out.String()
		return strings.Contains(out, "> "+vip+".80: Flags [S]") && strings.Contains(out, vip+".80 > ") && strings.Contains(out, "Flags [S.]")
	})
}

// TestLateNeighbour: the packet that asked is not lost when the next hop
// answers at last; one that never answers is counted.
func TestLateNeighbour(t *testing.T) {
	t.Parallel()
	const vip = "172.25.254.200"
	w := natWorld(t, vip, true)
	w.director("-A -u "+vip+":7 -s rr", "-a -u "+vip+":7 -r "+rs1+":7 -m", "-A -u "+vip+":8 -s rr", "-a -u "+vip+":8 -r 192.168.0.77:7 -m")
	w.must("s1", "ip", "link", "set", "eth0", "down")
	client := w.command(context.Background(), "c", "bash", "-c", "exec 3<>/dev/udp/"+vip+"/7; echo hello >&3; timeout 8 head -n1 <&3")
	var out bytes.Buffer
	client.Stdout = &out
	if err := client.Start(); err != nil {
		t.Fatal(err)
	}
	w.wait("the datagram to wait", func() bool { return strings.Contains(w.mustUlvs("status"), "waiting ") })
	w.must("s1", "ip", "link", "set", "eth0", "up")
	w.must("s1", "ip", "route", "replace", "default", "via", dip)
	_ = client.Wait()
	if out.String() != "hello\n" {
		t.Errorf("the datagram that asked came back as %q\n%s", out.String(), w.mustUlvs("status"))
	}
	w.must("c", "bash", "-c", "exec 3<>/dev/udp/"+vip+"/8; echo hello >&3")
	w.wait("the drop to be counted", func() bool {
		return strings.Contains(w.mustUlvs("status"), "192.168.0.77 does not answer") && strings.Contains(w.mustUlvs("status"), "1 neighbour does not answer")
	})
}
